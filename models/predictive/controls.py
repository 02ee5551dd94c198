"""What every accuracy stands beside, on the same split: a linear classifier, back-propagation."""

from __future__ import annotations

import warnings

from models.predictive.params import ImageParams
from stimuli.digits import split_of

# Inverse of the penalty of the linear classifier, chosen on seeds 0 to 9.
LINEAR_C = {"digits": 0.3, "mnist-5k": 0.01}
BACKPROP = {"digits": {"max_iter": 300}, "mnist-5k": {"max_iter": 60, "alpha": 0.3}}


def controls(p: ImageParams) -> dict[str, float]:
    """Test accuracy of softmax regression and of a tanh network of the same sizes (Adam).

    Their images are centred, whatever the learner's are. As those of the learners, their numbers
    were chosen on other splits of the same images.
    """
    data = split_of(p.data, p.test_size, p.seed, "centred")
    from sklearn.linear_model import LogisticRegression
    from sklearn.neural_network import MLPClassifier

    learners = {"linear": LogisticRegression(C=LINEAR_C[p.data], max_iter=2000)}
    if p.hidden:
        chosen = {"activation": "tanh", "random_state": p.seed, **BACKPROP[p.data]}
        learners["backprop"] = MLPClassifier(p.hidden, **chosen)
    with warnings.catch_warnings():  # that it could have gone on says nothing here
        warnings.simplefilter("ignore")
        for learner in learners.values():
            learner.fit(data.x_train, data.y_train)
    return {k: float(learner.score(data.x_test, data.y_test)) for k, learner in learners.items()}
