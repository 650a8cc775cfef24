/* The map's search box and the card of a place: what is called so, where coordinates are, what every layer says there. */
(function () {
  "use strict";

  const box = document.getElementById("finder");
  const app = window.Parkplan && window.Parkplan.maps[0];
  if (!box || !app) return;
  const { element, shape, fill, popupOf } = window.Parkplan.kit;
  const { map } = app;
  const words = JSON.parse(box.dataset.words);
  const { prefix } = box.dataset;
  const { horizon } = document.body.dataset;
  const language = document.documentElement.lang;
  const input = box.querySelector("input");
  const list = box.querySelector("[role=listbox]");
  const status = box.querySelector("[role=status]");
  const aside = box.querySelector(".finder-card"); // of what has no place on the map

  const WAIT_MS = 180; // between the last key and the question
  const LEAST = 2; // letters that are asked for
  const SHOWN = 12;
  const NEAR_PX = 6; // what counts as hit by a click
  const WIDEST_M = 1000; // as the server takes it
  const CLOSE_ZOOM = 14;
  const OVER = [58, 64]; // what buttons and box cover of the map, left and above
  const UNDER = [8, 70];
  const PIN_PX = 30;
  const STATES = ["hit", "stale", "clear", "not_covered"];

  let results = [];
  let active = -1;
  let timer = 0;
  let asking = null;
  let marker = null;
  let back = false; // whether closing the card leads back to the box

  L.Popup.mergeOptions({ autoPanPaddingTopLeft: OVER, autoPanPaddingBottomRight: UNDER });

  async function ask(path, parameters, signal) {
    const address = `${prefix}${path}?${new URLSearchParams({ ...parameters, lang: language, f: "json" })}`;
    const answer = await fetch(address, { signal, headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    return answer.json();
  }

  function calm() {
    return window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  }

  /* ---- the list of what was found ------------------------------------------------------------------------------ */

  function close() {
    list.hidden = true;
    active = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function years({ valid_from: from, valid_to: to }) {
    const [start, end] = [from, to].map((day) => day && app.format.value({ type: "date" }, day));
    if (!start && !end) return "";
    return fill(start && end ? words.between : start ? words.since : words.until, { start, end });
  }

  function told(found) {
    const { kind, subtitle, class: sort } = found.properties;
    return [kind === "place" ? words.coordinates : subtitle, kind === "place" ? subtitle : sort, years(found.properties)]
      .filter(Boolean).join(" · ");
  }

  function show(found) {
    results = found;
    list.replaceChildren(...found.map((one, number) => {
      const option = element("li", { role: "option", id: `found-${number}`, "aria-selected": "false",
        "data-kind": one.properties.kind, "data-layer": one.properties.layer },
        element("strong", {}, one.properties.title), element("small", {}, told(one)));
      option.addEventListener("mousedown", (event) => event.preventDefault()); // the box keeps the focus
      option.addEventListener("click", () => choose(number));
      return option;
    }));
    list.hidden = !found.length;
    active = -1;
    input.removeAttribute("aria-activedescendant");
    input.setAttribute("aria-expanded", String(found.length > 0));
    status.textContent = found.length ? fill(words.found, { n: app.format.number(found.length) }) : words.none;
    status.classList.toggle("visually-hidden", found.length > 0); // the list shows it
  }

  function activate(number) {
    active = (number + results.length) % results.length;
    for (const [at, option] of [...list.children].entries()) option.setAttribute("aria-selected", String(at === active));
    input.setAttribute("aria-activedescendant", `found-${active}`);
    list.children[active].scrollIntoView({ block: "nearest" });
  }

  async function search({ pick = false } = {}) {
    clearTimeout(timer);
    if (asking) asking.abort();
    const text = input.value.trim();
    if (text.length < LEAST) {
      results = [];
      close();
      status.textContent = "";
      return;
    }
    const mine = new AbortController();
    asking = mine;
    try {
      const answer = await ask("/search", { q: text.slice(0, 200), layers: box.dataset.layers, limit: SHOWN }, mine.signal);
      if (mine.signal.aborted) return;
      show(answer.features);
      if (pick && results.length) choose(0);
    } catch (error) {
      if (mine.signal.aborted) return;
      show([]);
      status.textContent = words.failed;
    }
  }

  function choose(number) {
    const found = results[number];
    close();
    input.value = found.properties.title;
    status.textContent = "";
    back = true;
    if (found.properties.kind === "place") {
      const [lon, lat] = found.geometry.coordinates;
      go(L.latLng(lat, lon));
      tellPlace(L.latLng(lat, lon), 0, { marked: true });
    } else showFeature(found);
  }

  /* ---- cards --------------------------------------------------------------------------------------------------- */

  function go(place, corners) {
    if (corners) map.fitBounds(corners, { animate: !calm(), maxZoom: CLOSE_ZOOM });
    else map.setView(place, Math.max(map.getZoom(), CLOSE_ZOOM - 1), { animate: !calm() });
  }

  function open(place, card) {
    aside.replaceChildren();
    const size = map.getSize();
    L.popup({ maxWidth: Math.min(340, size.x - OVER[0] - 60), minWidth: 220, className: "pp-popup",
      maxHeight: Math.max(size.y - OVER[1] - UNDER[1] - PIN_PX - 40, 160), offset: [0, marker ? -PIN_PX : 7] })
      .setLatLng(place).setContent(card).openOn(map);
    attend(card);
  }

  /* Who came by the box reads on in the card. */
  function attend(card) {
    const head = card && card.querySelector("h3");
    if (!back || !head) return;
    head.setAttribute("tabindex", "-1");
    head.focus({ preventScroll: true });
  }

  function pageOf(layer, id) {
    const path = layer === "parks" ? `/parks/${encodeURIComponent(id)}?horizon=${horizon}&lang=${language}`
      : `/collections/${encodeURIComponent(layer)}/items/${encodeURIComponent(id)}?f=html&lang=${language}`;
    return `${prefix}${path}`;
  }

  function successors(found) {
    const { successors: units, valid_to: end } = found.properties;
    if (!end || !units) return null;
    const items = [...new Set(units.map((unit) => unit.feature))].map((feature) => {
      const mine = units.filter((unit) => unit.feature === feature);
      const line = (unit) => [unit.part && fill(words.part, { part: unit.part }),
        fill(words.relation, { relation: unit.relation || words.unknown })].filter(Boolean).join(" · ");
      const why = (word, key) => [...new Set(mine.map((unit) => unit[key]).filter(Boolean))]
        .map((text) => element("small", {}, `${word}: ${text}`));
      return element("li", { "data-unit": feature },
        element("button", { type: "button", class: "finder-link", on: { click: () => follow(feature) } }, mine[0].title),
        ...mine.map((unit) => element("span", {}, line(unit))),
        ...why(words.evidence, "evidence"), ...why(words.source, "source"));
    });
    return element("section", {}, element("h4", {}, units.length ? words.now : words.now_unknown),
      units.length ? element("ul", { class: "finder-units" }, ...items) : null);
  }

  async function follow(unit) {
    const answer = await ask("/search", { q: unit, layers: "admin_units", limit: 5 });
    const found = answer.features.find((one) => one.properties.feature === unit);
    if (found) showFeature(found);
  }

  function plainCard(found) {
    const { title, subtitle, class: sort, layer, feature } = found.properties;
    return element("article", { class: "pp-card finder-found" },
      element("p", { class: "pp-card-kind" }, [subtitle, sort].filter(Boolean).join(" · ")),
      element("h3", {}, title),
      years(found.properties) ? element("p", {}, years(found.properties)) : null,
      found.geometry ? null : element("p", { class: "pp-quality" }, words.nowhere),
      successors(found),
      element("a", { class: "pp-open", href: pageOf(layer, feature) }, words.open));
  }

  async function showFeature(found) {
    unmark();
    const { layer: name, feature, successors: units } = found.properties;
    if (name === "parks") app.announce(name, feature);
    if (!units && app.select(name, feature)) {
      attend(map._popup && map._popup.getElement());
      return;
    }
    if (!found.geometry) {
      map.closePopup();
      const card = plainCard(found);
      aside.replaceChildren(card, element("button", { type: "button", class: "finder-close", "aria-label": words.close,
        on: { click: () => { aside.replaceChildren(); input.focus(); } } }, "×"));
      attend(card);
      return;
    }
    const [lon, lat] = found.geometry.coordinates;
    const place = L.latLng(lat, lon);
    const [west, south, east, north] = found.bbox;
    go(place, west < east || south < north ? L.latLngBounds([south, west], [north, east]).pad(0.5) : null);
    const layer = units ? null : app.layers.find((candidate) => candidate.spec.id === name);
    if (!layer) {
      open(place, plainCard(found));
      return;
    }
    if (!layer.on) app.turn(layer, true);
    const item = await ask(`/collections/${encodeURIComponent(name)}/items/${encodeURIComponent(feature)}`, {});
    open(place, popupOf(app, layer.spec, item));
  }

  /* ---- what every layer says of a place ------------------------------------------------------------------------ */

  function evidenceOf(entry) {
    const day = entry.as_of && fill(words.as_of, { day: app.format.value({ type: "date" }, entry.as_of) });
    const text = [entry.reason && words[`reason_${entry.reason}`], day, entry.source && `${words.source}: ${entry.source}`]
      .filter(Boolean).join(" · ");
    return text ? element("small", {}, text) : null;
  }

  function featureLine(entry, feature) {
    return element("li", {}, element("a", { href: pageOf(entry.layer, feature.id) }, feature.title),
      feature.source ? element("small", {}, `${words.source}: ${feature.source}`) : null);
  }

  function layerLine(entry) {
    const more = entry.numberMatched - entry.features.length;
    return element("li", { "data-layer": entry.layer, "data-state": entry.state },
      element("strong", {}, entry.title), evidenceOf(entry),
      entry.features.length ? element("ul", {}, ...entry.features.map((feature) => featureLine(entry, feature))) : null,
      more > 0 ? element("small", {}, fill(words.more, { n: app.format.number(more) })) : null);
  }

  function stateSection(state, entries) {
    if (!entries.length) return null;
    const head = [element("span", { class: `finder-state finder-${state}` }, words[`state_${state}`]),
      element("span", { class: "pp-count" }, app.format.number(entries.length))];
    const lines = element("ul", { class: "finder-layers" }, ...entries.map(layerLine));
    if (state !== "not_covered") return element("section", {}, element("h4", {}, ...head), lines);
    return element("section", {}, element("h4", {}, ...head), element("p", {}, words.not_clear),
      element("details", {}, element("summary", {}, words.which), lines));
  }

  function placeCard(answer, metres) {
    const number = new Intl.NumberFormat(language, { minimumFractionDigits: 5, maximumFractionDigits: 5 });
    const side = (value, positive, negative) => `${number.format(Math.abs(value))}°${value < 0 ? negative : positive}`;
    const title = `${side(answer.lat, app.words.north, app.words.south)} ${side(answer.lon, app.words.east, app.words.west)}`;
    const by = Object.fromEntries(STATES.map((state) => [state, answer.layers.filter((entry) => entry.state === state)]));
    return element("article", { class: "pp-card finder-place", "data-lon": answer.lon, "data-lat": answer.lat },
      element("p", { class: "pp-card-kind" }, fill(words.here, { year: horizon })),
      element("h3", {}, title),
      metres ? element("p", { class: "pp-card-kind" }, fill(words.within, { n: app.format.number(metres) })) : null,
      ...STATES.map((state) => stateSection(state, by[state])));
  }

  function unmark() {
    if (marker) marker.remove();
    marker = null;
  }

  async function tellPlace(place, metres, { marked = false } = {}) {
    const at = place.wrap();
    unmark();
    if (marked) {
      const pin = shape("svg", { viewBox: "0 0 24 32", width: 24, height: 32, "aria-hidden": "true" },
        shape("path", { d: "M12 31C5 21 2 17 2 11.5a10 10 0 0 1 20 0C22 17 19 21 12 31Z", fill: "#b3341b", stroke: "#fff", "stroke-width": 2 }),
        shape("circle", { cx: 12, cy: 11.5, r: 3.6, fill: "#fff" }));
      marker = L.marker(place, { title: words.marker, alt: words.marker, zIndexOffset: 2000,
        icon: L.divIcon({ className: "finder-pin", html: pin, iconSize: [24, 32], iconAnchor: [12, 31], popupAnchor: [0, -28] }) })
        .addTo(map).on("click", () => tellPlace(place, metres, { marked }));
      const node = marker.getElement();
      node.setAttribute("aria-label", words.marker);
    }
    const waiting = element("article", { class: "pp-card" }, element("h3", {}, words.asking));
    open(place, waiting);
    try {
      const answer = await ask("/at", { lon: at.lng.toFixed(7), lat: at.lat.toFixed(7), within: metres,
        datetime: `${horizon}-12-31` });
      if (!waiting.isConnected) return; // the reader went on
      open(place, placeCard(answer, metres));
    } catch (error) {
      if (waiting.isConnected) open(place, element("article", { class: "pp-card" }, element("h3", {}, words.failed)));
    }
  }

  function nearMetres() {
    const middle = map.getSize().divideBy(2);
    const metres = map.containerPointToLatLng(middle).distanceTo(map.containerPointToLatLng(middle.add([NEAR_PX, 0])));
    return Math.min(WIDEST_M, Math.max(1, Math.round(metres)));
  }

  /* ---- what the reader does ------------------------------------------------------------------------------------ */

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(search, WAIT_MS);
  });
  input.addEventListener("focus", () => { if (results.length && input.value.trim().length >= LEAST) show(results); });
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    const opened = !list.hidden && results.length > 0;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!opened) { if (results.length) show(results); else search(); return; }
      const down = event.key === "ArrowDown";
      activate(active < 0 ? (down ? 0 : results.length - 1) : active + (down ? 1 : -1));
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (active >= 0) choose(active); else search({ pick: true });
    } else if (event.key === "Escape") {
      if (opened) close(); else { input.value = ""; results = []; status.textContent = ""; }
    }
  });
  box.addEventListener("submit", (event) => event.preventDefault());

  map.on("click", (event) => {
    back = false;
    tellPlace(event.latlng, nearMetres());
  });
  let shown = null; // the card that is open
  map.on("popupopen", (event) => { shown = event.popup; });
  app.footer = () => element("button", { type: "button", class: "finder-link finder-here",
    on: { click: () => tellPlace(shown.getLatLng(), nearMetres()) } }, words.all_layers);
  map.on("popupclose", () => {
    if (back && document.activeElement === document.body) input.focus();
    back = false;
  });

  const middle = element("a", { href: "#", role: "button", title: words.ask_middle, "aria-label": words.ask_middle,
    on: { click: (event) => { event.preventDefault(); back = true; tellPlace(map.getCenter(), nearMetres(), { marked: true }); } } },
    shape("svg", { viewBox: "0 0 24 24", width: 18, height: 18, "aria-hidden": "true" },
      shape("path", { d: "M12 2v5M12 17v5M2 12h5M17 12h5", fill: "none", stroke: "currentColor", "stroke-width": 2 }),
      shape("circle", { cx: 12, cy: 12, r: 3, fill: "none", stroke: "currentColor", "stroke-width": 2 })));
  window.Parkplan.kit.control(app, "topleft", element("div", { class: "leaflet-bar finder-middle" }, middle));
})();
