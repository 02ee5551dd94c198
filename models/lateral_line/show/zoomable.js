(() => {
  "use strict";
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const array = ({ type, data }) => new globalThis[type](bytes(data).buffer);
  const webgl = Boolean(document.createElement("canvas").getContext("webgl"));
  const most = webgl ? Infinity : 4000; // dots of a panel; without WebGL each is an element
  const buttons = ["zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "resetScale2d", "toImage"];
  const config = { responsive: true, displaylogo: false, modeBarButtons: [buttons] };
  const narrow = innerWidth < 600; // the legend takes three lines, below the buttons
  const legend = (box) => ({
    orientation: "h", yref: "container", y: 1 - (narrow ? 28 : 2) / box.clientHeight, yanchor: "top",
    x: 0, xanchor: "left",
  });
  const font = { family: "system-ui, Liberation Sans, Arial, sans-serif", size: 12, color: "#1a1a1a" };
  const look = { font, paper_bgcolor: "#fff", plot_bgcolor: "#fff", hovermode: "closest" };

  function control(box, label, element) {
    const line = document.createElement("label");
    line.append(label + " ", element);
    line.style.marginRight = "1.2rem";
    line.className = "control";
    box.parentNode.insertBefore(line, box);
    return element;
  }

  function choice(names) {
    const select = document.createElement("select");
    names.forEach((name, place) => select.add(new Option(name, place)));
    return select;
  }

  function rasters(box, shown) {
    const x = array(shown.x_cm);
    const times = Float32Array.from(x, (_, step) => step * shown.dt_s);
    const rows = shown.panels.length + 1;
    const steps = Uint32Array.from(x.keys());
    const traces = [{ name: "source", step: steps, y: x, mode: "lines", line: { color: shown.muted } }];
    for (const { name, cm, colour, symbol } of shown.decoded)
      traces.push({ name, step: steps, y: array(cm), mode: "markers", marker: { color: colour, size: 4, symbol } });
    traces.forEach((trace) => Object.assign(trace, { yaxis: "y", hovertemplate: "%{y:.2f} cm" }));
    shown.panels.forEach(({ name, colour, n_dots, step, cell }, place) => {
      const all = array(step), cells = array(cell);
      const every = Math.max(1, Math.ceil(all.length / most));
      const kept = (_, spike) => spike % every === 0;
      const ink = Math.sqrt((100 * box.clientWidth) / (n_dots + 1)); // as in the figures
      traces.push({
        name, step: all.filter(kept), y: cells.filter(kept), mode: "markers",
        marker: { color: colour, size: Math.min(3, Math.max(1.2, ink)) }, yaxis: `y${place + 2}`, showlegend: false,
        hovertemplate: "cell %{y}, source at %{customdata:.2f} cm",
      });
    });
    const across = [
      { title: "time from the start of the test (s)", values: times },
      { title: "source position x (cm)", values: x },
    ];
    const along = (trace, way) => Float32Array.from(trace.step, (step) => across[way].values[step]);
    const data = traces.map((trace) => ({
      ...trace, type: webgl ? "scattergl" : "scatter", x: along(trace, 0), xaxis: "x", customdata: along(trace, 1),
    }));
    const layout = {
      ...look, margin: { l: 60, r: 10, t: narrow ? 115 : 60, b: 45 }, dragmode: "zoom",
      legend: legend(box),
      xaxis: {
        title: { text: across[0].title }, anchor: `y${rows}`, zeroline: false, showline: true, nticks: 8,
        ticks: "outside", mirror: "allticks", showspikes: true, spikemode: "across", spikethickness: 1,
      },
      annotations: [],
    };
    const gap = 0.028, height = (1 - gap * (rows - 1)) / rows;
    for (let row = 0; row < rows; row++) {
      const top = 1 - row * (height + gap), panel = shown.panels[row - 1];
      layout[row ? `yaxis${row + 1}` : "yaxis"] = {
        domain: [Math.max(0, top - height), top], zeroline: false, showgrid: !row, showline: true,
        title: { text: row ? "cell" : "x (cm)" }, range: row ? [-1, panel.n_cells] : undefined,
      };
      layout.annotations.push({
        text: `<b>${row ? panel.name : "position"}</b>`, x: 0, y: top, xref: "paper", yref: "paper",
        xanchor: "left", yanchor: "bottom", showarrow: false,
      });
    }
    const way = control(box, "Horizontal axis:", choice(across.map((one) => one.title)));
    Plotly.newPlot(box, data, layout, config);
    let before = 0;
    way.addEventListener("change", () => {
      // what was in view stays in view: the same steps, by the other axis
      const [low, high] = box.layout.xaxis.range, old = across[before].values, now = across[way.value].values;
      const seen = Array.from(steps).filter((step) => low <= old[step] && old[step] <= high).map((step) => now[step]);
      const ends = seen.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], [Infinity, -Infinity]);
      const zoomed = seen.length && seen.length < steps.length;
      before = way.value;
      Plotly.update(
        box,
        { x: traces.map((trace) => along(trace, way.value)), customdata: traces.map((trace) => along(trace, 1)) },
        {
          "xaxis.title.text": across[way.value].title,
          ...(zoomed ? { "xaxis.range": ends } : { "xaxis.autorange": true }),
        },
      );
    });
  }

  function tuning(box, shown) {
    const layers = shown.layers.map((layer) => ({ ...layer, rates: layer.rates.map(array) }));
    const layer = control(box, "Layer:", choice(layers.map((one) => one.name)));
    const slider = control(box, "Cell:", document.createElement("input"));
    const said = slider.parentNode.appendChild(document.createElement("output"));
    Object.assign(slider, { type: "range", min: 0 });
    slider.style.cssText = "width: 12rem; vertical-align: middle; margin-right: .4rem";
    const centres = array(shown.x_cm), n = centres.length;
    const curve = (which) => layers[layer.value].rates[which].subarray(slider.value * n, (slider.value + 1) * n);
    function draw() {
      said.value = layers[layer.value].cells[slider.value];
      const data = shown.conditions.map(({ name, colour, dash }, which) => ({
        name, type: "scatter", mode: "lines+markers", x: centres, y: Array.from(curve(which)),
        line: { color: colour, dash, shape: "hvh" }, marker: { color: colour, size: 4 },
        hovertemplate: "%{x:.2f} cm: %{y:.1f} Hz",
      }));
      Plotly.react(box, data, {
        ...look, margin: { l: 60, r: 10, t: narrow ? 75 : 40, b: 45 },
        legend: legend(box),
        xaxis: { title: { text: shown.title }, zeroline: false, showline: true },
        yaxis: { title: { text: "rate (Hz)" }, rangemode: "tozero", showline: true },
      }, config);
    }
    function renew() {
      slider.max = layers[layer.value].cells.length - 1;
      slider.value = Math.floor(slider.max / 2);
      draw();
    }
    layer.addEventListener("change", renew);
    slider.addEventListener("input", draw);
    layer.value = layers.length - 1;
    renew();
  }

  const shown = JSON.parse(document.getElementById("zoomable").textContent);
  const boxes = ["rasters", "tuning"].map((id) => document.getElementById(id));
  const seeds = Object.keys(shown), seed = document.createElement("select");
  seeds.forEach((name) => seed.add(new Option(name, name)));
  function pick() {
    for (const box of boxes) {
      Plotly.purge(box);
      box.parentNode.querySelectorAll(".control").forEach((line) => line.remove());
    }
    rasters(boxes[0], shown[seed.value].rasters);
    tuning(boxes[1], shown[seed.value].tuning);
  }
  seed.addEventListener("change", pick);
  const label = document.createElement("label");
  label.append("Seed: ", seed);
  boxes[0].parentNode.before(label);
  pick();
})();
