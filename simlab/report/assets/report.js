(function () {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const byId = (id) => document.getElementById(id);
  const specs = read("chart-data");
  const data = read("explorer-data");
  const options = { actions: false, renderer: "svg", ast: true, tooltip: true };
  let view = null;
  let current = data ? data.chosen : 0;

  /* Small multiples fill their place: as many columns as have room. */
  function fitted(spec, width) {
    if (!spec.facet) return spec;
    const made = JSON.parse(JSON.stringify(spec)), least = spec.columns > 2 ? 170 : 300;
    const panels = new Set(Object.values(spec.datasets)[0].map((row) => row[spec.facet.field])).size;
    made.columns = Math.max(1, Math.min(6, panels, Math.floor(width / least)));
    made.spec.width = Math.min(420, Math.floor(width / made.columns) - (spec.columns > 2 ? (made.columns > 1 ? 62 : 76) : 80));
    return made;
  }

  /* A waterfall on a phone lies down: a row per segment, its amount after the bar. */
  function lying(spec, rows) {
    spec.height = 22 * rows.length;
    for (const layer of spec.layer) {
      const { x, y, y2, ...rest } = layer.encoding;
      const along = Object.assign({}, y, { scale: { domain: [0, 1.25 * Math.max(...rows.map((row) => row.top))], nice: false } });
      const across = Object.assign({}, x, { axis: Object.assign({}, x.axis, { labelAngle: 0 }) });
      layer.encoding = Object.assign({}, rest, { x: along, y: across }, y2 ? { x2: y2 } : {});
      if (layer.mark.type === "text") Object.assign(layer.mark, { align: "left", baseline: "middle", dx: 5, dy: 0 });
    }
  }

  /* A phone has room for a mark's name only: under the curves on the right for today, above them on the left else. */
  function beside(layer, row) {
    if (!row || !row.stock) return;
    const under = !/Same|Proposed/.test(row.name);
    layer.encoding.text.field = "name";
    Object.assign(layer.mark, { align: under ? "left" : "right", dx: under ? 8 : -8, dy: under ? 14 : -10 });
  }

  function narrow(spec, width) {
    if (width >= 560) return spec;
    const small = JSON.parse(JSON.stringify(spec));
    if (small.facet) return small;
    if (small.height === 420) small.height = 320;
    small.config.legend.columns = 1;
    const visit = (node) => {
      if (!node || typeof node !== "object") return;
      if (node.legend && node.legend.columns) node.legend.columns = node.legend.symbolSize ? 1 : 2;
      Object.values(node).forEach(visit);
    };
    visit(small.layer);
    const bars = (small.layer || []).find((layer) => layer.data && layer.data.name === "steps");
    if (bars && width < 480) lying(small, small.datasets.steps);
    (small.layer || []).filter((layer) => layer.mark.type === "text" && layer.data && /^label\d/.test(layer.data.name))
      .forEach((layer) => beside(layer, small.datasets[layer.data.name][0]));
    const places = small.usermeta && small.usermeta.phone;
    if (places) for (const layer of small.layer) {
      const at = layer.mark.type === "text" && layer.data && /^reference(\d+)$/.exec(layer.data.name);
      if (at) Object.assign(layer.mark, places[at[1]]);
      if (layer.mark.type === "text") layer.mark.fontSize = 11;
    }
    return small;
  }

  const weight = () => (document.querySelector("input[name=map-weight]:checked") || {}).value;
  const weights = (spec) => (spec && spec.usermeta && spec.usermeta.weights) || {};

  /* The curve as the chosen weight counts service. */
  function weighed(spec) {
    const chosen = weights(spec)[weight()];
    if (!chosen) return spec;
    const made = JSON.parse(JSON.stringify(spec));
    Object.assign(made.datasets, { lines: chosen.lines, marks: chosen.marks });
    for (const layer of made.layer) {
      Object.assign(layer.encoding.y, { title: chosen.title, scale: { domain: chosen.domain, nice: false } });
      const at = layer.data && /^label(\d)$/.exec(layer.data.name);
      if (!at) continue;
      const { row, ...place } = chosen.labels[at[1]] || {};
      made.datasets[layer.data.name] = row ? [row] : [];
      Object.assign(layer.mark, place);
    }
    return made;
  }

  /* The chart as it is saved: as wide as a page takes it, whatever the screen, with its title. */
  function saved(name) {
    const spec = weighed(specs[name]), { title, width } = (spec.usermeta || {}).saved || {};
    const wide = spec.width === "container" ? { width } : {};
    const moved = explores && name === measure() ? Object.assign(spread(name), { chosen: data.points[current].id }) : {};
    const params = (spec.params || []).map((one) => Object.assign({}, one, one.name in moved ? { value: moved[one.name] } : {}));
    return { name, spec: Object.assign({}, spec, wide, spec.params ? { params } : {}, title ? { title } : {}) };
  }

  function draw(id, name, width) {
    const element = byId(id);
    if (!element || !specs[name]) return Promise.resolve(null);
    simlab.savable(element, element.getAttribute("aria-label"), () => saved(name));
    const room = width || element.clientWidth;
    const spec = Object.assign({}, fitted(narrow(weighed(specs[name]), room), room), { description: element.getAttribute("aria-label") });
    return simlab.library("chart-library").then(() => {
      const wide = width && spec.width === "container" ? Object.assign({}, spec, { width: width - 90 }) : spec;
      return vegaEmbed(element, wide, options).then((r) => r.view);
    });
  }

  function show(index) {
    current = Math.max(0, Math.min(index, data.points.length - 1));
    const point = data.points[current];
    for (const [key, text] of Object.entries(point.text)) {
      const element = byId("point-" + key);
      if (element) element.textContent = text;
    }
    const slider = byId("point-slider");
    slider.value = String(current);
    slider.setAttribute("aria-valuetext", data.served.toLowerCase() + " " + point.text.fill + ", " + point.text.cost + " a year");
    byId("point-kind").textContent = current === data.chosen ? "Proposed plan" : "Another plan";
    const plan = data.points[data.chosen].targets;
    document.querySelectorAll("#targets tbody tr").forEach((row, s) => {
      const change = (data.values[point.targets[s]] - data.values[plan[s]]) * 100;
      row.querySelector(".here").textContent = data.labels[point.targets[s]];
      row.querySelector(".change").textContent = Math.abs(change) < 0.005 ? "=" :
        (change > 0 ? "\u25b2 +" : "\u25bc \u2212") + Math.abs(change).toFixed(2);
    });
    if (view) view.signal("chosen", point.id).runAsync();
  }

  const wholeRange = () => document.querySelector("input[name=range]:checked").value === "whole";
  const measure = () => document.querySelector("input[name=measure]:checked").value;

  /* What the chosen range shows: limits of both axes, and whether names stand beside the marks. */
  function spread(name) {
    const spec = specs[name], limits = {};
    for (const param of spec.params) limits[param.name] = param.value;
    if (wholeRange()) {
      const all = Object.values(spec.datasets).flat().filter((row) => "cost" in row && "fill" in row);
      limits.xLow = 0;
      limits.xHigh = 1.02 * Math.max(...all.map((row) => row.cost));
      limits.yLow = Math.min(...all.map((row) => row.fill));
      limits.yHigh = 1;
    }
    limits.names = wholeRange() ? 0 : 1;
    return limits;
  }

  function setRange() {
    if (!view) return;
    const limits = spread(measure());
    for (const name of ["names", "xLow", "xHigh", "yLow", "yHigh"]) view.signal(name, limits[name]);
    view.runAsync();
  }

  function drawFrontier(width) {
    return draw("frontier-chart", measure(), Number(width) || 0).then((made) => {
      view = made;
      view.addEventListener("click", (event, item) => {
        const symbol = item && item.datum && item.mark && item.mark.marktype === "symbol";
        const id = symbol ? item.datum.point : undefined;
        const index = data.points.findIndex((point) => point.id === id);
        if (index >= 0) show(index);
      });
      setRange();
      show(current);
    });
  }

  const explores = data && byId("frontier-chart");
  if (explores) {
    byId("point-slider").addEventListener("input", (event) => show(Number(event.target.value)));
    byId("point-back").addEventListener("click", () => show(current - 1));
    byId("point-on").addEventListener("click", () => show(current + 1));
    byId("point-chosen").addEventListener("click", () => show(data.chosen));
    document.querySelectorAll("input[name=measure]").forEach((e) => e.addEventListener("change", drawFrontier));
    document.querySelectorAll("input[name=range]").forEach((e) => e.addEventListener("change", setRange));
  }

  function drawTab(tab, width) {
    const charts = [...tab.querySelectorAll("[data-chart]")].map((one) => draw(one.id, one.dataset.chart, width));
    return Promise.all([...charts, explores && tab.contains(explores) ? drawFrontier(width) : null]);
  }
  const drawn = new Set();
  simlab.opening((tab, first) => { if (first) { drawn.add(tab); drawTab(tab); } });

  const PAPER = 660;
  window.addEventListener("beforeprint", () => {
    Promise.all(simlab.tabs.map((tab) => drawTab(tab, PAPER))).then(simlab.fitSheet);
  });
  window.addEventListener("afterprint", () => drawn.forEach((tab) => drawTab(tab)));

  function chooseWeight(chosen) {
    document.querySelectorAll("#change-map .by, #change-map .counts").forEach((box) => {
      box.hidden = !box.classList.contains(chosen);
    });
    document.querySelectorAll("tr[data-weight]").forEach((row) => {
      row.classList.toggle("decides", row.dataset.weight === chosen);
    });
    const fixed = byId("buys-fixed"), known = weights(specs.what_stock_buys);
    if (fixed) fixed.hidden = chosen === fixed.dataset.weight || chosen in known;
    draw("what_stock_buys-chart", "what_stock_buys");
  }
  document.querySelectorAll("input[name=map-weight]").forEach((e) =>
    e.addEventListener("change", () => chooseWeight(e.value)));

  const chooser = byId("plan-chooser");
  if (chooser) {
    chooser.addEventListener("change", () => {
      document.querySelectorAll("[data-plan]").forEach((e) => { e.hidden = e.dataset.plan !== chooser.value; });
    });
  }
  simlab.start();
})();
