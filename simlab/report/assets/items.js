(function () {
  const place = document.getElementById("item-table");
  if (!place) return;
  const root = document.getElementById("items");
  const signs = { GBP: "£", EUR: "€", USD: "$", JPY: "¥" };
  let table = null, data = null, samples = null;
  const chosen = { preset: "all", segment: "", location: "", supplier: "" };

  const escape = (text) => String(text).replace(/[&<>"'`]/g, (c) => "&#" + c.charCodeAt(0) + ";");
  const grouped = (value, digits) => value.toLocaleString("en", { minimumFractionDigits: 0, maximumFractionDigits: digits });
  function money(value) {
    const text = grouped(Math.abs(value), 0), sign = value < 0 ? "\u2212" : "", unit = signs[data.currency];
    return unit ? sign + unit + text : sign + text + (data.currency ? "\u202f" + data.currency : "");
  }
  function rate(value) {
    const digits = value >= 0.99 ? 2 : 1, text = (100 * value).toFixed(digits);
    return (value < 1 && Number(text) >= 100 ? "99.99" : text) + "%";
  }
  const shows = {
    text: escape,
    units: (value) => grouped(value, 2),
    money: (value) => escape(money(value)),
    change: (value) => (value > 0 ? "+" : "") + escape(money(value)),
    rate,
  };

  function decode(cells) {
    return cells.list || cells.codes.map((code) => (code < 0 ? "" : cells.values[code]));
  }

  function build(text) {
    data = JSON.parse(text);
    data.decoded = data.columns.map((column) => decode(data.cells[column.key]));
    data.at = Object.fromEntries(data.columns.map((column, k) => [column.key, k]));
    const n = data.decoded[0].length;
    const vital = new Set(data.vital), look = new Set(data.look), held = new Set(data.held);
    const rows = [];
    for (let i = 0; i < n; i++) {
      const row = data.decoded.map((column) => column[i]);
      row.id = i;
      row.vital = vital.has(i);
      row.look = look.has(i);
      row.held = held.has(i);
      rows.push(row);
    }
    return rows;
  }

  const keyOf = (row) => row[data.at.sku] + "@" + row[data.at.location];

  function passes(row) {
    for (const name of ["segment", "location", "supplier"])
      if (chosen[name] && name in data.at && row[data.at[name]] !== chosen[name]) return false;
    if (chosen.preset === "vital") return row.vital && row[data.at.service] !== null && row[data.at.service] < data.low;
    if (chosen.preset === "look" || chosen.preset === "held") return row[chosen.preset];
    if (chosen.preset === "up") return row[data.at.stock_change] > 0;
    if (chosen.preset === "down") return row[data.at.stock_change] < 0;
    return true;
  }

  function fillSelect(name) {
    const select = document.getElementById("item-" + name);
    if (!select) return;
    if (!(name in data.at)) { select.parentElement.hidden = true; return; }
    const values = [...new Set(data.decoded[data.at[name]])].filter((value) => value !== "").sort();
    if (values.length < 2) { select.parentElement.hidden = true; return; }
    for (const value of values) select.add(new Option(value, value));
    select.addEventListener("change", () => { chosen[name] = select.value; refresh(); });
  }

  function refresh(order) {
    document.querySelectorAll("[data-preset]").forEach((button) =>
      button.setAttribute("aria-pressed", String(button.dataset.preset === chosen.preset)));
    for (const name of ["segment", "location", "supplier"]) {
      const select = document.getElementById("item-" + name);
      if (select) select.value = chosen[name];
    }
    if (!table) return;
    if (order) table.order(order);
    table.draw();
  }

  function preset(name) {
    chosen.preset = name;
    const by = name === "vital" ? data.at.service : data.at.stock_change ?? data.at.stock;
    refresh([[by, name === "down" || name === "vital" ? "asc" : "desc"]]);
  }

  function follow(query) {
    if (!query || ![...query.keys()].length) return;
    chosen.segment = query.get("seg") || "";
    chosen.location = query.get("loc") || "";
    chosen.supplier = query.get("sup") || "";
    if (table && query.get("show")) preset(query.get("show"));
    else refresh();
    if (table && query.get("find")) table.search(query.get("find")).draw();
  }

  function style(text) {
    const element = document.createElement("style");
    element.textContent = text;
    document.head.prepend(element);
  }

  function cell(column, first) {
    return (value, type, row) => {
      if (type !== "display") return value === null ? (column.kind === "text" ? "" : -Infinity) : value;
      if (value === null) return "–";
      const text = shows[column.kind](value);
      return first ? `<button type="button" class="as-link">${text}</button>` : text;
    };
  }

  /* The widget's own colours follow a class. */
  function followScheme() {
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const mark = () => document.documentElement.classList.toggle("dark", dark.matches);
    mark();
    dark.addEventListener("change", mark);
  }

  async function make(query) {
    followScheme();
    const packed = await Promise.all(["items-data", "samples-data", "table-style"].map(simlab.unpack));
    const rows = build(packed[0]);
    samples = JSON.parse(packed[1]);
    style(packed[2]);
    await simlab.library("table-library");
    ["segment", "location", "supplier"].forEach(fillSelect);
    const DataTable = simlabTables.default;
    DataTable.ext.search.push((settings, found, index, row) => settings.nTable !== place || passes(row));
    const by = data.at.stock_change ?? data.at.stock;
    table = new DataTable(place, {
      data: rows,
      columns: data.columns.map((column, k) => ({
        title: escape(column.title),
        className: (column.kind === "text" ? "text " : "number ") + column.key,
        type: column.kind === "text" ? "string" : "num",
        orderSequence: column.kind === "text" ? ["asc", "desc"] : ["desc", "asc"],
        data: k,
        render: cell(column, k === 0),
      })),
      order: [[by, "desc"]],
      pageLength: 25,
      lengthMenu: [25, 50, 100, 500],
      autoWidth: false,
      language: { search: "Search", info: "_START_ to _END_ of _TOTAL_", infoFiltered: "(of _MAX_)", lengthMenu: "_MENU_ a page" },
    });
    place.addEventListener("click", (event) => {
      const line = event.target.closest("tbody tr");
      const row = line && table.row(line).data();
      if (row) show(row);
    });
    document.querySelectorAll("[data-preset]").forEach((button) =>
      button.addEventListener("click", () => preset(button.dataset.preset)));
    root.dataset.made = "yes";
    follow(query);
    refresh();
  }

  const axis = (title, more) => ({ title, labelColor: "#374151", titleColor: "#374151", ...more });
  const chart = (description, values, layer) => ({
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    description, width: "container", height: 150, background: "transparent",
    data: { values }, layer,
    config: { view: { stroke: null }, axis: { gridColor: "#E5E7EB", domainColor: "#9CA3AF", tickColor: "#9CA3AF" } },
  });

  function histogram(sample, name) {
    const values = sample.units.map((units, k) => ({ from: sample.from[k], units }));
    return chart(`Demand of ${name} in the history`, values, [{
      mark: { type: "bar", color: "#0072B2" },
      encoding: {
        x: { field: "from", type: "temporal", axis: axis(null, { tickCount: 5, format: "%b %Y" }) },
        y: { field: "units", type: "quantitative", axis: axis("Units sold", { tickCount: 4, tickMinStep: 1 }) },
        tooltip: [{ field: "from", type: "temporal", title: "From" }, { field: "units", title: "Units", format: ",.0f" }],
      },
    }]);
  }

  function lawChart(sample, name, period) {
    const values = sample.range.map((range, k) => ({ range, seen: sample.seen[k], expected: sample.expected[k] }));
    const x = { field: "range", type: "ordinal", sort: null, axis: axis(`Units in a ${period}`, { labelAngle: 0 }) };
    const tooltip = [{ field: "range", title: "Units" }, { field: "seen", title: "Seen", format: ",.0f" }, { field: "expected", title: "Expected", format: ",.1f" }];
    return chart(`How often ${name} sold how much: seen and modelled`, values, [
      { mark: { type: "bar", color: "#0072B2", opacity: 0.7 }, encoding: { x, tooltip, y: { field: "seen", type: "quantitative", axis: axis(`${period}s`, { tickCount: 4 }) } } },
      { mark: { type: "point", color: "#D55E00", filled: true, size: 50, opacity: 1 }, encoding: { x, tooltip, y: { field: "expected", type: "quantitative" } } },
    ]);
  }

  function pathChart(sample, name, period) {
    const values = sample.stock.map((stock, k) => ({ period: k + 1, stock }));
    return chart(`One simulated year of ${name}: stock at the end of each ${period}`, values, [
      { mark: { type: "line", color: "#0072B2", interpolate: "step-after", strokeWidth: 1.5 },
        encoding: {
          x: { field: "period", type: "quantitative", axis: axis(`${period}s`, { tickCount: 6 }), scale: { nice: false } },
          y: { field: "stock", type: "quantitative", axis: axis("Units on the shelf", { tickCount: 4, tickMinStep: 1 }) },
          tooltip: [{ field: "period", title: period }, { field: "stock", title: "Units", format: ",.0f" }],
        } },
      { data: { values: [{ zero: 0 }] }, mark: { type: "rule", color: "#6B7280" }, encoding: { y: { field: "zero", type: "quantitative" } } },
    ]);
  }

  async function show(row) {
    const panel = document.getElementById("item-detail");
    const name = keyOf(row), sample = samples[name];
    panel.hidden = false;
    document.getElementById("item-name").textContent = [row[data.at.sku], row[data.at.product], row[data.at.location]].filter(Boolean).join(" · ");
    const facts = data.columns.filter((column) => !["sku", "location", "product"].includes(column.key));
    document.getElementById("item-facts").innerHTML = facts.map((column) => {
      const value = row[data.at[column.key]];
      return `<dt>${escape(column.title)}</dt><dd>${value === null || value === "" ? "–" : shows[column.kind](value)}</dd>`;
    }).join("");
    const charts = document.getElementById("item-charts");
    charts.hidden = !sample;
    document.getElementById("item-none").hidden = Boolean(sample);
    document.getElementById("item-law").textContent = sample ? sample.law : "";
    panel.scrollIntoView({ block: "nearest" });
    if (!sample) return;
    await simlab.library("chart-library");
    const options = { actions: false, renderer: "svg", ast: true, tooltip: true };
    const draw = (id, spec) => {
      const element = document.getElementById(id);
      element.parentElement.hidden = !spec;
      if (!spec) return;
      vegaEmbed(element, spec, options);
      const said = element.parentElement.querySelector("figcaption").textContent;
      const title = { text: said, subtitle: document.getElementById("item-name").textContent, anchor: "start" };
      simlab.savable(element, said, () => ({ name: id + "-" + row[data.at.sku], spec: Object.assign({}, spec, { title, width: 520 }) }));
    };
    draw("item-history", sample.units && histogram(sample, name));
    draw("item-range", sample.range && lawChart(sample, name, samples[""].period));
    draw("item-path", sample.stock && pathChart(sample, name, samples[""].period));
  }

  simlab.opening((tab, first, query) => {
    if (tab !== root) return;
    if (first) make(query).catch((error) => {
      document.getElementById("item-fault").hidden = false;
      console.error(error);
    });
    else follow(query);
  });
})();
