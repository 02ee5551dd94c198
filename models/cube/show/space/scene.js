(() => {
  "use strict";
  const box = document.getElementById("scene");
  const [shown] = Object.values(JSON.parse(document.getElementById("space").textContent)); // one seed
  const canvas = document.createElement("canvas");
  if (!(canvas.getContext("webgl2") || canvas.getContext("webgl"))) {
    box.textContent = "The view in space needs WebGL, which this browser does not offer.";
    box.style.height = "auto";
    return;
  }
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const array = ({ type, data }) => new globalThis[type](bytes(data).buffer);
  const { n, depth, down, colours } = shown;
  const step = array(shown.step), n_frames = step.length;
  const dot = { x: array(shown.dots.x), y: array(shown.dots.y), n: shown.dots.n };
  const networks = shown.networks.map((one) => ({
    name: one.name, start: array(one.start), block: array(one.block), count: array(one.count),
    out_start: array(one.out_start), out: array(one.out),
  }));
  const local = shown.unit === "step";
  const across = Math.ceil(n / down);
  const middle = (k, size) => (k * down + Math.min((k + 1) * down, size) - 1) / 2;

  // ---- what stands in a frame: plotly's x is the depth, its y the column, its z the row --------

  function spikes(network, frame) {
    const found = { x: [], y: [], z: [], size: [], text: [] };
    for (let k = network.start[frame]; k < network.start[frame + 1]; k++) {
      const block = network.block[k], count = network.count[k];
      const plane = Math.floor(block / (across * across)), rest = block % (across * across);
      found.x.push(local ? 1 : middle(plane, depth));
      found.y.push(middle(rest % across, n));
      found.z.push(middle(Math.floor(rest / across), n));
      found.size.push(Math.max(3, 2.6 * Math.sqrt((shown.points2 * count) / Math.PI)));
      found.text.push(count === 1 ? "1 spike" : `${count} spikes`);
    }
    return found;
  }

  function output(network, frame) {
    const pixels = Array.from(network.out.subarray(network.out_start[frame], network.out_start[frame + 1]));
    return {
      x: pixels.map(() => depth - 1), y: pixels.map((p) => p % n), z: pixels.map((p) => Math.floor(p / n)),
    };
  }

  function dots(frame) {
    const found = { x: [], y: [], z: [] };
    for (let k = frame * dot.n; k < (frame + 1) * dot.n; k++)
      if (dot.x[k] >= 0) {
        found.x.push(0);
        found.y.push(dot.x[k]);
        found.z.push(dot.y[k]);
      }
    return found;
  }

  function outline([z, name]) {
    const low = -0.5, high = n - 0.5;
    return {
      type: "scatter3d", mode: "lines", x: [0, 0, 0, 0, 0].map(() => Number(z)), hoverinfo: "skip",
      y: [low, high, high, low, low], z: [low, low, high, high, low], showlegend: false,
      line: { color: colours[name] || colours.cells, width: 3 },
    };
  }

  // ---- controls: network, play, frame --------------------------------------------------------

  const bar = document.createElement("div");
  bar.style.cssText = "display: flex; flex-wrap: wrap; gap: .4rem 1rem; align-items: center; margin: .4rem 0";
  box.parentNode.insertBefore(bar, box);
  const select = document.createElement("select");
  networks.forEach(({ name }, place) => select.add(new Option(name, place)));
  const button = document.createElement("button");
  button.type = "button";
  const slider = document.createElement("input");
  Object.assign(slider, { type: "range", min: 0, max: n_frames - 1, value: n_frames - 1 });
  slider.style.cssText = "flex: 1 1 14rem; vertical-align: middle";
  slider.setAttribute("aria-label", `${shown.unit} to show`);
  const label = document.createElement("label");
  label.append("Network: ", select);
  const said = document.createElement("output");
  said.style.cssText = "min-width: 17rem";
  bar.append(label, button, slider, said);

  // ---- the scene -----------------------------------------------------------------------------

  const square = (colour, size) => ({ symbol: "square", color: colour, size, line: { width: 0 } });
  const traces = [
    { name: "spikes", hovertemplate: "%{text}<br>layer %{x}, x %{y}, y %{z}<extra></extra>",
      marker: { color: colours.cells, opacity: 0.6, line: { width: 0 }, sizemode: "diameter" } },
    { name: "dot", hovertemplate: "dot: x %{y}, y %{z}<extra></extra>", marker: square(colours.input, 8) },
    { name: "output", hovertemplate: "output: x %{y}, y %{z}<extra></extra>", marker: square(colours.output, 6) },
  ].map((trace) => ({ type: "scatter3d", mode: "markers", x: [], y: [], z: [], ...trace }));
  const data = [...traces, ...Object.entries(shown.planes).map(outline)];
  const axis = (text, range) => ({
    title: { text }, range, showspikes: false, zeroline: false, backgroundcolor: "#f7f7f7",
    showbackground: true, gridcolor: "#e6e6e6", nticks: 6,
  });
  const names = Object.entries(shown.planes);
  const depths = local
    ? { tickvals: names.map(([z]) => Number(z)), ticktext: names.map(([, name]) => name) }
    : {};
  const far = box.clientWidth < 600 ? 1.4 : 1; // so that nothing is cut on a narrow screen
  const layout = {
    font: { family: "system-ui, Liberation Sans, Arial, sans-serif", size: 12, color: "#1a1a1a" },
    margin: { l: 0, r: 0, t: 0, b: 0 }, paper_bgcolor: "#fff", uirevision: "same",
    legend: { orientation: "h", x: 0.02, y: 0.99, yanchor: "top", itemsizing: "constant" },
    scene: {
      xaxis: { ...axis(local ? "" : "layer z", [-0.5, depth - 0.5]), ...depths },
      yaxis: axis("x", [-0.5, n - 0.5]),
      zaxis: axis("y", [n - 0.5, -0.5]),
      aspectmode: "manual", aspectratio: { x: 1.25 * Math.max(0.7, Math.min(1.6, depth / n)), y: 1, z: 1 },
      camera: { eye: { x: 0.85 * far, y: -2.25 * far, z: 0.65 * far }, center: { x: 0, y: 0, z: -0.08 } }, uirevision: "same",
      annotations: local ? [] : names.map(([z, text]) => ({
        x: Number(z), y: -0.5, z: -0.5, text, showarrow: false, yshift: 12, font: { color: colours[text] },
      })),
    },
  };
  const config = { responsive: true, displaylogo: false, modeBarButtonsToRemove: ["resetCameraLastSave3d"] };

  function draw() {
    const frame = Number(slider.value), network = networks[select.value];
    const cells = spikes(network, frame), parts = [cells, dots(frame), output(network, frame)];
    Plotly.restyle(box, {
      x: parts.map((part) => part.x), y: parts.map((part) => part.y), z: parts.map((part) => part.z),
      text: [cells.text, null, null],
      "marker.size": [cells.size.length ? cells.size : 3, 8, 6],
    }, [0, 1, 2]);
    const off = parts[1].x.length ? "" : ", input off";
    const first = step[frame], last = first + shown.frame_steps - 1;
    const steps = shown.frame_steps === 1 ? `step ${first}` : `steps ${first} to ${last}`;
    const total = network.count.subarray(network.start[frame], network.start[frame + 1]).reduce((a, b) => a + b, 0);
    said.value = `${network.name}: ${steps}, ${total} spikes${off}`;
  }

  let timer = null;
  function play(on) {
    clearInterval(timer);
    timer = on ? setInterval(next, 120) : null;
    button.textContent = on ? "Pause" : "Play";
  }
  function next() {
    slider.value = (Number(slider.value) + 1) % n_frames;
    draw();
  }
  button.addEventListener("click", () => play(timer === null));
  slider.addEventListener("input", draw);
  select.addEventListener("change", draw);
  play(false);
  Plotly.newPlot(box, data, layout, config).then(draw);
})();
