"""What is called seldom, and what it raises."""

from driver.run.progress import Seldom


def test_a_seldom_call_waits_its_time_and_its_errors_go_no_further():
    calls, complaints = [], []

    def fail():
        calls.append(1)
        raise ValueError("no picture")

    rarely, always = (Seldom(fail, every_s, complaints.append) for every_s in (1e6, 0.0))
    rarely()
    assert calls == []
    always()
    always()
    assert len(calls) == 2 and complaints == ["no report: no picture"] * 2
