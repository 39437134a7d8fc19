"use strict";
// The panel "What if": plans of segment targets solved on the run's own sums, in whole numbers, in the page.
(function () {
  const box = document.getElementById("what-if-panel");
  if (!box) return;
  const byId = (id) => document.getElementById("what-if-" + id);

  // ---- whole numbers and decimals ------------------------------------------------------------------
  const big = (text) => BigInt(text);
  const gcd = (a, b) => { while (b) [a, b] = [b, a % b]; return a < 0n ? -a : a; };
  const ceilDiv = (a, b) => { const q = a / b; return a % b !== 0n && (a > 0n) === (b > 0n) ? q + 1n : q; };
  const floorDiv = (a, b) => { const q = a / b; return a % b !== 0n && (a > 0n) !== (b > 0n) ? q - 1n : q; };

  function decimal(text, shift) {
    // "95.5" with shift 2 is 955/1000 and "0.955"; null where it is no plain number
    const found = /^\s*(\d{0,15})(?:\.(\d{0,12}))?\s*$/.exec(text);
    if (!found || !(found[1] || found[2])) return null;
    const places = (found[2] || "").length + shift;
    const digits = ((found[1] || "0") + (found[2] || "")).padStart(places + 1, "0");
    const cut = digits.length - places;
    const tail = digits.slice(cut).replace(/0+$/, "");
    const whole = digits.slice(0, cut).replace(/^0+(?=\d)/, "");
    const written = whole + "." + (tail || "0");
    return { num: big(digits), den: 10n ** BigInt(places), written, value: Number(written) };
  }

  function parts(x) {
    // x = m * 2^e exactly, for x > 0
    const view = new DataView(new ArrayBuffer(8));
    view.setFloat64(0, x);
    const bits = view.getBigUint64(0);
    const exponent = Number((bits >> 52n) & 0x7ffn);
    const fraction = bits & 0xfffffffffffffn;
    return exponent ? { m: fraction | (1n << 52n), e: exponent - 1075 } : { m: fraction, e: -1074 };
  }

  function against(num, den, m, e) {
    // sign of num/den − m * 2^e
    const left = e < 0 ? num << BigInt(-e) : num;
    const right = (e < 0 ? m : m << BigInt(e)) * den;
    return left < right ? -1 : left > right ? 1 : 0;
  }

  function needed(rate, whole) {
    // fewest units that make the rate; the division of doubles decides where it is met by rounding
    const need = ceilDiv(rate.num * whole, rate.den);
    if (need <= 0n || whole <= 0n) return need;
    const { m, e } = parts(rate.value);
    const edge = m === 1n << 52n ? against(need - 1n, whole, 4n * m - 1n, e - 2)
      : against(need - 1n, whole, 2n * m - 1n, e - 1);
    return edge > 0 || (edge === 0 && m % 2n === 0n) ? need - 1n : need;
  }

  function within(budget, unit) {
    // largest sum whose money, rounded as doubles are, stays in the budget
    const limit = floorDiv(budget.num * unit.den, budget.den * unit.num);
    const { m, e } = parts(budget.value);
    const edge = against((limit + 1n) * unit.num, unit.den, 2n * m + 1n, e - 1);
    return edge < 0 || (edge === 0 && m % 2n === 0n) ? limit + 1n : limit;
  }

  // ---- the solver ----------------------------------------------------------------------------------
  const MOST_LABELS = 30000;

  function smaller(table, floors, up) {
    // the table over its common divisor, as Number where every total is exact as one; limits alike
    let divisor = 0n;
    for (const row of table) for (const x of row) divisor = gcd(divisor, x);
    divisor = divisor || 1n;
    const rows = table.map((row) => row.map((x) => x / divisor));
    const limits = floors.map((x) => (x === null ? null : up ? ceilDiv(x, divisor) : floorDiv(x, divisor)));
    const size = (x) => (x < 0n ? -x : x);
    let most = 0n;
    for (const row of rows) most += row.reduce((a, x) => (size(x) > a ? size(x) : a), 0n);
    for (const x of limits) if (x !== null && size(x) > most) most = size(x);
    if (most >= 9007199254740991n) return { rows, limits, zero: 0n };
    return { rows: rows.map((row) => row.map(Number)), limits: limits.map((x) => (x === null ? null : Number(x))), zero: 0 };
  }

  /* Least Σ cost[s][t] with Σ use[s][t] ≤ cap, Σ beside[s][t] ≤ edge where there is one, and Σ part ≥ need
     inside every group; one t of free[s] per segment. Labels are totals of the first segments; one dies when
     another is as good in everything, when no completion can meet a limit, or when its Lagrangian bound
     passes the best plan known. Of equal cost: least use. */
  function least(problem) {
    const n = problem.free.length;
    const cost = smaller(problem.cost, [], true);
    const use = smaller(problem.use, [problem.cap], false);
    const beside = problem.beside ? smaller(problem.beside, [problem.edge], false) : null;
    const cap = use.limits[0];
    const edge = beside ? beside.limits[0] : null;
    const groups = problem.groups.map((group) => {
      const one = smaller(problem.part.map((row, s) => (group.segments.includes(s) ? row : row.map(() => 0n))), [group.need], true);
      return { segments: group.segments, part: one.rows, need: one.limits[0], zero: one.zero };
    });
    const order = [];
    for (const group of groups) order.push(...group.segments);
    for (let s = 0; s < n; s++) if (!order.includes(s)) order.push(s);
    const options = order.map((s) => problem.free[s]);
    const low = (table, at) => order.map((s, k) => options[k].reduce((a, t) => (table[s][t] < a ? table[s][t] : a), table[s][options[k][0]]));
    const tail = (values, zero) => { const out = Array(n + 1).fill(zero); for (let k = n - 1; k >= 0; k--) out[k] = out[k + 1] + values[k]; return out; };
    const restUse = tail(low(use.rows), use.zero);
    const restBeside = beside ? tail(low(beside.rows), beside.zero) : null;
    const sum = (table, choice, zero) => choice.reduce((a, t, s) => a + table[s][t], zero);
    const meets = (choice) => sum(use.rows, choice, use.zero) <= cap &&
      (!beside || sum(beside.rows, choice, beside.zero) <= edge) &&
      groups.every((group) => group.segments.reduce((a, s) => a + group.part[s][choice[s]], group.zero) >= group.need);
    // floats for bounds only
    const asFloat = (rows) => rows.map((row) => row.map(Number));
    const costF = asFloat(cost.rows), useF = asFloat(use.rows), besideF = beside ? asFloat(beside.rows) : null;
    const capF = Number(cap);
    const pick = (lambda, mu) => problem.free.map((ts, s) => {
      let best = ts[0], at = Infinity;
      for (const t of ts) {
        const value = costF[s][t] + lambda * useF[s][t] + (mu ? mu * besideF[s][t] : 0);
        if (value < at || (value === at && useF[s][t] < useF[s][best])) { at = value; best = t; }
      }
      return best;
    });
    function repaired(choice) {
      for (const group of groups) {
        for (let step = 0; step < 10000; step++) {
          const has = group.segments.reduce((a, s) => a + group.part[s][choice[s]], group.zero);
          if (has >= group.need) break;
          let best = null, at = Infinity;
          for (const s of group.segments) for (const t of problem.free[s]) {
            const gain = Number(group.part[s][t] - group.part[s][choice[s]]);
            const price = (costF[s][t] - costF[s][choice[s]]) / gain;
            if (gain > 0 && price < at) { at = price; best = [s, t]; }
          }
          if (!best) break;
          choice[best[0]] = best[1];
        }
      }
      return choice;
    }
    function improved(choice) {
      for (let moved = true; moved;) {
        moved = false;
        for (let s = 0; s < n; s++) for (const t of problem.free[s]) {
          if (!(cost.rows[s][t] < cost.rows[s][choice[s]])) continue;
          const before = choice[s];
          choice[s] = t;
          if (meets(choice)) moved = true; else choice[s] = before;
        }
      }
      return choice;
    }
    const total = (table, choice) => choice.reduce((a, t, s) => a + table[s][t], 0);
    const slopes = [];
    for (const ts of problem.free.map((ts, s) => ts.map((t) => [useF[s][t], costF[s][t]]))) for (const a of ts) for (const b of ts) {
      if (a[0] > b[0] && b[1] > a[1]) slopes.push((b[1] - a[1]) / (a[0] - b[0]));
    }
    const steepest = 2 * slopes.reduce((a, x) => Math.max(a, x), 0) + 1;
    function priced(mu) {
      let down = 0, up = steepest * (1 + mu);
      if (total(useF, pick(0, mu)) <= capF) up = 0;
      else for (let step = 0; step < 100; step++) {
        const middle = (down + up) / 2;
        if (total(useF, pick(middle, mu)) <= capF) up = middle; else down = middle;
      }
      return up;
    }
    const lambda = priced(0);
    let known = null;
    const prices = beside ? [0, ...Array.from({ length: 49 }, (_, k) => 2 ** (k - 24) * steepest)] : [0];
    for (const mu of prices) {
      const tried = repaired(pick(mu ? priced(mu) : lambda, mu));
      if (!meets(tried)) continue;
      improved(tried);
      const value = total(costF, tried);
      if (known === null || value < known) known = value;
      if (mu && known !== null) break;
    }
    const slack = (known === null ? Infinity : known) + 1e-9 * (Math.abs(known || 0) + 1) ;
    const reduced = order.map((s, k) => options[k].reduce((a, t) => Math.min(a, costF[s][t] + lambda * useF[s][t]), Infinity));
    const restBound = tail(reduced, 0);
    let labels = [{ o: cost.zero, r: use.zero, x: beside ? beside.zero : 0, u: 0, from: null, t: -1 }];
    let inside = null;
    for (let k = 0; k < n; k++) {
      const s = order[k];
      const group = groups.find((one) => one.segments.includes(s)) || null;
      const begins = group && group !== inside;
      const ends = group && !(k + 1 < n && group.segments.includes(order[k + 1]));
      inside = group;
      const later = group ? group.segments.filter((one) => order.indexOf(one) > k) : [];
      const reach = later.reduce((a, one) => a + problem.free[one].reduce((m, t) => (group.part[one][t] > m ? group.part[one][t] : m), group.part[one][problem.free[one][0]]), group ? group.zero : 0);
      const made = [];
      for (const label of labels) for (const t of options[k]) {
        const r = label.r + use.rows[s][t];
        if (r + restUse[k + 1] > cap) continue;
        const x = beside ? label.x + beside.rows[s][t] : 0;
        if (beside && x + restBeside[k + 1] > edge) continue;
        let u = 0;
        if (group) {
          u = (begins ? group.zero : label.u) + group.part[s][t];
          if (u + reach < group.need) continue;
          if (ends) u = 0;
        }
        const o = label.o + cost.rows[s][t];
        if (Number(o) + restBound[k + 1] + lambda * (Number(r) - capF) > slack) continue;
        made.push({ o, r, x, u, from: label, t });
      }
      if (!made.length) return { choice: null };
      made.sort((a, b) => (a.o < b.o ? -1 : a.o > b.o ? 1 : a.r < b.r ? -1 : a.r > b.r ? 1 : a.x < b.x ? -1 : a.x > b.x ? 1 : a.u > b.u ? -1 : a.u < b.u ? 1 : 0));
      const plain = !beside && (!group || ends);
      labels = [];
      let best = null;
      for (const one of made) {
        if (plain) { if (best !== null && one.r >= best) continue; best = one.r; }
        else if (labels.some((kept) => kept.r <= one.r && kept.x <= one.x && kept.u >= one.u)) continue;
        labels.push(one);
        if (labels.length > MOST_LABELS) return { choice: null, large: true };
      }
    }
    let at = labels[0];
    const choice = Array(n);
    for (let k = n - 1; k >= 0; k--) { choice[order[k]] = at.t; at = at.from; }
    return { choice };
  }

  // ---- the run's sums --------------------------------------------------------------------------------
  const table = (text) => text.split(";").map((row) => row.split(",").map(big));
  const column = (text) => text.split(",").map(big);
  const fraction = (text) => { const [a, b] = text.split("/"); return { num: big(a), den: big(b || "1") }; };
  const rows = (numbers) => numbers.reduce((a, x) => a + x, 0n);
  const at = (rows_, choice) => choice.reduce((a, t, s) => a + rows_[s][t], 0n);

  function costs(data, settings) {
    // the sums that are made small: those of the run, or with another holding rate and a price of a lost unit
    const search = data.search;
    if (settings.rate === null && settings.price === null) return search.cost;
    const percent = settings.rate === null ? null : settings.rate.num * 100n / settings.rate.den;
    const held = percent === null ? search.holding : search.stock.map((row) => row.map((x) => x * percent));
    if (settings.price === null) return held;
    const weight = BigInt(evenly(settings.price.value * data.short_weight));
    return held.map((row, s) => row.map((x, t) => x + weight * search.short[s][t] + search.orders[s][t]));
  }

  function weighs(data, settings) {
    // whether the sums have a price for what is not served, so that no floor is needed
    if (settings.price !== null) return evenly(settings.price.value * data.short_weight) > 0;
    return Boolean(data.weighs_service) && settings.rate === null;
  }

  function evenly(x) {
    // to the nearest whole number, halves to the even one
    const low = Math.floor(x), rest = x - low;
    return rest < 0.5 ? low : rest > 0.5 ? low + 1 : low % 2 ? low + 1 : low;
  }

  function choose(data, settings) {
    // the cheapest plan under the settings on the search seed; {choice} or {why}
    const { search } = data, cost = costs(data, settings);
    const free = data.names.map((_, s) => {
      const ts = settings.pins[s] === null ? data.allowed[s] : [settings.pins[s]];
      const floor = settings.floors[s];
      return floor === null ? ts : ts.filter((t) => search.served[s][t] * floor.den >= floor.num * search.demanded[s]);
    });
    const gone = free.findIndex((ts) => !ts.length);
    if (gone >= 0) return { why: `No target serves ${data.names[gone]} as much as that.` };
    const groups = data.groups.map((group) => {
      const rate = group.rate, whole = rows(group.segments.map((s) => search.demanded[s]));
      return { segments: group.segments, need: ceilDiv(rate.num * whole, rate.den) };
    });
    const minus = (t) => t.map((row) => row.map((x) => -x));
    const none = { cap: null };
    const common = { free, groups, part: search.served };
    const whole = rows(search.asked);
    const limit = settings.budget === null ? null : within(settings.budget, data.valueUnit);
    const zeros = search.cost.map((row) => row.map(() => 0n));
    let need = settings.fill !== null ? needed(settings.fill, whole) : weighs(data, settings) ? 0n : null;
    const most = () => least({ ...common, cost: minus(search.good), use: limit === null ? zeros : search.value, cap: limit === null ? 0n : limit });
    if (need === null && limit === null) {
      if (free.some((ts) => ts.length > 1)) return { why: "Say a service, a budget, or a target for every segment." };
      need = 0n;
    }
    if (need === null) {
      const found = most();
      if (!found.choice) return found.large ? tooLarge() : { why: smallest(data, common, 0n, zeros) };
      need = at(search.good, found.choice);
    }
    const found = least({ ...common, cost, use: minus(search.good), cap: -need, beside: limit === null ? null : search.value, edge: limit });
    if (found.choice) return { choice: found.choice, need };
    if (found.large) return tooLarge();
    const best = most();
    if (!best.choice) return { why: smallest(data, common, need, zeros) };
    const reach = Number(at(search.good, best.choice) * 1000000n / (whole || 1n)) / 10000;
    return { why: `No plan serves that much${limit === null ? "" : " within the budget"}: the most is ${reach.toFixed(2)}%.` };
  }

  function smallest(data, common, need, zeros) {
    const found = least({ ...common, cost: data.search.value, use: need > 0n ? data.search.good.map((row) => row.map((x) => -x)) : zeros, cap: need > 0n ? -need : 0n });
    if (!found.choice) return "No plan serves as much as is asked.";
    return `The smallest budget that works is ${money(data, amount(at(data.search.value, found.choice), data.valueUnit))}.`;
  }

  const tooLarge = () => ({ why: "Too many plans to look at in a page: write the study and let the command solve it." });

  // ---- reading on the verdict seed -------------------------------------------------------------------
  const amount = (total, unit) => Number(total * unit.num) / Number(unit.den);
  const WEIGHTS = ["units", "value", "margin", "items"];

  function spreadOf(data, good, whole) {
    // half width of a ratio of sums by batch (of a mean where there is no whole); null without batches
    const n = data.batches;
    if (!data.t || !good) return null;
    const mean = (xs) => xs.reduce((a, x) => a + x, 0) / n;
    if (!whole) {
      const m = mean(good);
      return { share: data.t * Math.sqrt(good.reduce((a, x) => a + (x - m) ** 2, 0) / (n * (n - 1))) / (m || 1) };
    }
    const r = mean(good) / mean(whole);
    const left = good.map((x, b) => x - r * whole[b]);
    return { half: data.t * Math.sqrt(left.reduce((a, x) => a + x * x, 0) / (n * (n - 1))) / mean(whole) };
  }

  function batch(rows_, choice) {
    if (!rows_) return null;
    const out = rows_[0][choice[0]].map(() => 0);
    choice.forEach((t, s) => rows_[s][t].forEach((x, b) => { out[b] += x; }));
    return out;
  }

  function read(data, choice, settings) {
    const { fresh } = data, out = { served: {}, half: {} };
    for (const name of WEIGHTS) {
      const whole = rows(fresh.demanded[name]);
      if (!whole) continue;
      out.served[name] = Number(at(fresh.served[name], choice)) / Number(whole);
      const short = batch(fresh.shortBy[name], choice);
      const asked = fresh.demandedBy[name];
      if (short && asked) out.half[name === "margin" ? "margin_served" : name] = spreadOf(data, short, asked.reduce((a, row) => row.map((x, b) => x + (a[b] || 0)), [])).half;
    }
    const stock = at(fresh.stock, choice);
    out.stock = amount(stock, data.stockUnit);
    const percent = settings.rate === null ? null : settings.rate.num * 100n / settings.rate.den;
    out.holding = percent === null ? amount(at(fresh.holding, choice), data.holdingUnit) : amount(stock * percent, data.holdingUnit);
    const share = spreadOf(data, batch(fresh.stockBy, choice), null);
    if (share) { out.half.stock = out.stock * share.share; out.half.holding = out.holding * share.share; }
    if (fresh.margin) {
      const total = at(fresh.margin, choice);
      out.margin = Number(total) * data.margin_per_year;
      const late = spreadOf(data, batch(fresh.marginBy, choice), null);
      if (late) out.half.margin = Math.abs(out.margin * late.share);
    }
    out.objective = String(at(costs(data, settings), choice));
    out.sums = {
      cost: String(at(data.search.cost, choice)), value: String(at(data.search.value, choice)), good: String(at(data.search.good, choice)),
      stock: String(stock), holding: String(at(fresh.holding, choice)), served: String(at(fresh.served.units, choice)),
    };
    return out;
  }

  // ---- texts -----------------------------------------------------------------------------------------
  const sign = (data) => ({ EUR: "€", USD: "$", GBP: "£" }[data.currency] || (data.currency === "money" ? "" : data.currency + " "));
  const grouped = (x, digits) => x.toFixed(digits).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
  function money(data, x) {
    const size = Math.abs(x), text = grouped(size, size < 100 ? 2 : 0);
    return (x < 0 ? "−" : "") + sign(data) + text;
  }
  const percent = (x) => (100 * x).toFixed(Math.abs(x) > 0.99 ? 2 : 1) + "%";
  const points = (x) => (x < 0 ? "−" : "+") + Math.abs(100 * x).toFixed(Math.abs(x) < 0.0995 ? 2 : 1) + " points";

  const ROWS = [["stock", "Stock"], ["holding", "Holding cost a year"], ["units", "Units served at once"],
    ["value", "Value served at once"], ["margin_served", "Margin served at once"], ["items", "Items served, each once"],
    ["margin", "Margin late or lost a year"]];

  function valueOf(reading, key) {
    if (key === "margin_served") return { x: reading.served.margin, half: reading.half.margin_served, rate: true };
    if (key in { units: 1, value: 1, items: 1 }) return { x: reading.served[key], half: reading.half[key], rate: true };
    return { x: reading[key], half: reading.half[key], rate: false };
  }

  function show(data, own, now) {
    const body = byId("reading").tBodies[0];
    for (const line of body.rows) {
      const a = valueOf(own, line.dataset.key), b = valueOf(now, line.dataset.key);
      line.hidden = a.x === undefined;
      if (line.hidden) continue;
      const text = (v) => (v.rate ? percent(v.x) : money(data, v.x));
      line.cells[1].textContent = text(a);
      line.cells[2].textContent = text(b);
      if (b.half !== undefined && b.half !== null && !Number.isNaN(b.half)) {
        const span = document.createElement("span");
        span.className = "span";
        span.textContent = "± " + (b.rate ? (100 * b.half).toFixed(2) + " points" : money(data, b.half));
        line.cells[2].append(span);
      }
      const d = b.x - a.x;
      line.cells[3].textContent = Math.abs(d) < (b.rate ? 5e-6 : 0.005) ? "=" : b.rate ? points(d) : (d > 0 ? "+" : "") + money(data, d);
    }
  }

  // ---- the form --------------------------------------------------------------------------------------
  const inputs = () => ({ fill: byId("fill"), budget: byId("budget"), rate: byId("rate"), price: byId("price") });

  function settingsOf(data) {
    const wrong = [];
    const take = (element, shift, name) => {
      if (!element || element.disabled || !element.value.trim()) return null;
      const found = decimal(element.value.replace(/,/g, ""), shift);
      if (!found || found.num <= 0n && name !== "the price of a lost unit") { wrong.push(name); return null; }
      return found;
    };
    const { fill, budget, rate, price } = inputs();
    const settings = {
      fill: take(fill, 2, "the service"), budget: take(budget, 0, "the budget"),
      rate: take(rate, 2, "the holding rate"), price: take(price, 0, "the price of a lost unit"), pins: [], floors: [],
    };
    if (settings.fill && (settings.fill.value >= 1)) wrong.push("the service (below 100%)");
    if (settings.rate && settings.rate.num * 100n % settings.rate.den !== 0n) wrong.push("the holding rate (whole per cent)");
    if (settings.price && settings.price.num === 0n) settings.price = null;
    data.names.forEach((name, s) => {
      const pin = byId("pin-" + s).value;
      settings.pins.push(pin === "" ? null : Number(pin));
      const floor = byId("floor-" + s);
      const least_ = take(floor, 2, `the least service of ${name}`);
      if (least_ && least_.value >= 1) wrong.push(`the least service of ${name} (below 100%)`);
      settings.floors.push(least_);
    });
    return { settings, wrong };
  }

  const own = (data) => ({ fill: null, budget: null, rate: null, price: null, pins: data.choice.slice(), floors: data.names.map(() => null) });

  function fillIn(data) {
    const { fill, budget, rate, price } = inputs();
    if (fill) fill.value = data.own.fill;
    if (budget) budget.value = data.own.budget;
    for (const element of [rate, price]) if (element) element.value = "";
    data.names.forEach((_, s) => {
      byId("pin-" + s).value = data.can.solve ? "" : String(data.choice[s]);
      const floor = byId("floor-" + s);
      if (floor) floor.value = "";
    });
  }

  // ---- the study file --------------------------------------------------------------------------------
  const quoted = (text) => JSON.stringify(text);

  function study(data, settings) {
    const lines = [];
    const pinned = settings.pins.map((t, s) => (t === null ? null : `{ segment = ${quoted(data.names[s])}, target = ${data.targets[t]} }`));
    const pins = [...data.study.pins, ...pinned.filter((x) => x !== null)];
    if (settings.fill) lines.push(`fill_rate = ${settings.fill.written}`);
    else if (!settings.budget && !weighs(data, settings)) lines.push("fill_rate = 0.0001  # no floor: every segment is pinned");
    if (settings.budget) lines.push(`budget = ${settings.budget.written}`);
    lines.push('choose = "in_sample"  # as the page chooses; "auto" adds a margin for chance');
    if (pins.length) lines.push(`pinned = [${pins.join(", ")}]`);
    const floors = settings.floors.map((f, s) => (f === null ? null : `${quoted(data.names[s])} = ${f.written}`)).filter((x) => x !== null);
    const all = [...data.study.floors, ...(floors.length ? [`{ by = "segment", measure = "fill_rate", at_least = { ${floors.join(", ")} } }`] : [])];
    if (all.length) lines.push(`floors = [${all.join(", ")}]`);
    const costs_ = [...data.study.costs];
    if (settings.rate) costs_.push(`holding_rate = ${settings.rate.written}`);
    if (settings.price) costs_.push(`shortage_per_unit = ${settings.price.written}`);
    if (costs_.length) lines.push(`costs = { ${costs_.join(", ")} }`);
    if (data.study.objective || settings.price) lines.push(`objective = ${quoted(settings.price ? "total_cost" : data.study.objective)}`);
    return data.study.before + lines.join("\n") + "\n" + data.study.after;
  }

  function download(name, text) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "application/toml" }));
    link.download = name;
    document.body.append(link);
    link.click();
    link.remove();
  }

  // ---- together --------------------------------------------------------------------------------------
  function opened(raw) {
    const data = raw;
    data.allowed = data.allowed || data.names.map(() => data.targets.map((_, t) => t));
    for (const name of ["cost", "value", "good", "served", "short", "orders", "stock", "holding"]) data.search[name] = table(data.search[name]);
    for (const name of ["asked", "demanded"]) data.search[name] = column(data.search[name]);
    const { fresh } = data;
    for (const name of Object.keys(fresh.served)) { fresh.served[name] = table(fresh.served[name]); fresh.demanded[name] = column(fresh.demanded[name]); }
    for (const name of ["stock", "holding"]) fresh[name] = table(fresh[name]);
    if (fresh.margin) fresh.margin = table(fresh.margin);
    const by = (text) => text && text.split(";").map((row) => row.split("|").map((one) => one.split(",").map(Number)));
    fresh.stockBy = by(fresh.stockBy); fresh.marginBy = by(fresh.marginBy);
    for (const name of Object.keys(fresh.shortBy)) {
      fresh.shortBy[name] = by(fresh.shortBy[name]);
      fresh.demandedBy[name] = fresh.demandedBy[name].split(";").map((row) => row.split(",").map(Number));
    }
    for (const name of ["valueUnit", "stockUnit", "holdingUnit"]) data[name] = fraction(data[name]);
    for (const group of data.groups) group.rate = decimal(group.at_least, 0);
    return data;
  }

  function run(data) {
    const first = read(data, data.choice, own(data));
    let current = own(data), pristine = true;
    const say = (text, state) => { const e = byId("says"); e.textContent = text; e.dataset.state = state; };

    function showPlan(choice, settings) {
      const reading = read(data, choice, settings);
      show(data, first, reading);
      data.names.forEach((_, s) => {
        const t = choice[s], line = byId("row-" + s);
        line.cells[2].textContent = data.labels[t];
        const whole = data.fresh.demanded.units[s];
        line.cells[4].textContent = whole ? percent(Number(data.fresh.served.units[s][t]) / Number(whole)) : "–";
        line.cells[5].textContent = money(data, amount(data.fresh.stock[s][t], data.stockUnit));
        line.classList.toggle("moved", t !== data.choice[s]);
      });
      box.dataset.result = JSON.stringify({ choice, ...reading });
    }

    function again() {
      const { settings, wrong } = settingsOf(data);
      byId("write").disabled = wrong.length > 0;
      if (wrong.length) { say(`Not a number that can be used: ${wrong.join(", ")}.`, "bad"); box.dataset.result = ""; return; }
      pristine = false;
      current = settings;
      const began = performance.now();
      const found = data.can.solve ? choose(data, settings) : { choice: settings.pins.map((t, s) => (t === null ? data.choice[s] : t)) };
      if (!found.choice) { say(found.why, "bad"); box.dataset.result = JSON.stringify({ choice: null, why: found.why }); return; }
      showPlan(found.choice, settings);
      const same = found.choice.every((t, s) => t === data.choice[s]);
      const ms = Math.round(performance.now() - began);
      const how = data.can.solve ? `The cheapest plan under these settings (${ms} ms)` : "A plan set by hand";
      say(same ? "The run's own plan." : how + ", read on random demand that did not choose it.", "good");
    }

    function back() {
      fillIn(data);
      pristine = true;
      current = { ...own(data), fill: data.own.fill ? decimal(data.own.fill, 2) : null, budget: data.own.budget ? decimal(data.own.budget, 0) : null };
      if (data.can.solve) current.pins = data.names.map(() => null);
      showPlan(data.choice, own(data));
      byId("write").disabled = false;
      say("The run's own plan, as on the first tab. Change a setting to see another.", "good");
    }

    box.addEventListener("change", again);
    byId("form").addEventListener("submit", (event) => { event.preventDefault(); again(); });
    byId("back").addEventListener("click", back);
    byId("write").addEventListener("click", () => download("what_if.toml", study(data, current)));
    box.dataset.whole = "yes";
    byId("form").hidden = false;
    back();
    box.whatIf = { again, study: () => study(data, current), pristine: () => pristine };
    document.documentElement.dataset.whatIf = "ready";
  }

  simlab.opening((tab, first) => {
    if (!first || !tab.contains(box)) return;
    simlab.unpack("what-if-data").then((text) => run(opened(JSON.parse(text)))).catch((error) => {
      byId("says").textContent = "This browser cannot open the panel: " + error;
      byId("form").hidden = false;
    });
  });
})();
