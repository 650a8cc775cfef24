/* What stands around a Parkplan map: the list of layers that is its legend, credits, the graticule. */
(function () {
  "use strict";

  const Parkplan = (window.Parkplan = window.Parkplan || { kit: {}, maps: [] });
  const { SCHEMATIC, element, shape, swatch, outcomeSign, kindOf, classOf, inZoom, statusOf } = Parkplan.kit;
  const NARROW_PX = 760; // below this width the layer list starts closed

  /* ---- legend and layer list --------------------------------------------------------------------------------- */

  function legendOf(app, layer) {
    const present = new Map();
    let schematic = null;
    let label = null;
    for (const feature of layer.drawn) {
      const entry = classOf(layer.spec, feature.properties);
      const kind = kindOf(feature);
      if (!present.has(entry)) present.set(entry, kind);
      if (SCHEMATIC.has(feature.properties.position)) schematic = kind;
      else if (kind === "point" && feature.properties.position === "label") label = kind;
    }
    const { style } = layer.spec;
    const rows = layer.spec.classes.filter((entry) => present.has(entry)).map((entry) => {
      const kind = present.get(entry);
      const row = element("li", { "data-color": entry.color, "data-value": entry.value || "" },
        swatch(kind, entry.color, { dash: style.dash, opacity: kind === "point" ? Math.max(style.fill, 0.7) : style.fill }),
        entry.title);
      return row;
    });
    const grey = "#55606e";
    if (schematic) rows.push(element("li", { "data-key": "schematic", title: app.words.schematic_long },
      swatch(schematic, grey, { schematic: true }), app.words.schematic));
    if (label) rows.push(element("li", { "data-key": "label", title: app.words.label_long },
      swatch("point", grey, { schematic: true }), app.words.label));
    return rows;
  }

  function layerRow(app, layer) {
    const id = `pp-${app.number}-${layer.spec.id}`;
    const box = element("input", { type: "checkbox", id, on: { change: () => app.turn(layer, box.checked) } });
    box.checked = layer.on;
    const count = element("span", { class: "pp-count" });
    const legend = element("ul", { class: "pp-legend" });
    const status = element("p", { class: "pp-status", role: "status" });
    const node = element("div", { class: "pp-layer", "data-layer": layer.spec.id },
      element("label", { for: id }, box, element("span", {}, layer.spec.title), count), legend, status);
    const update = () => {
      const total = layer.spec.url ? (layer.spec.total == null ? layer.matched : layer.spec.total) : layer.spec.total;
      count.textContent = total == null ? "" : app.format.number(total);
      const shown = layer.on && inZoom(app, layer);
      node.classList.toggle("pp-off", !shown);
      legend.replaceChildren(...(shown ? legendOf(app, layer) : []));
      status.textContent = statusOf(app, layer);
      status.hidden = !status.textContent;
    };
    return { node, update };
  }

  function findingsRow(app) {
    const id = `pp-${app.number}-findings`;
    const { places } = app.findings;
    const box = element("input", { type: "checkbox", id, on: { change: () => app.turnFindings(box.checked) } });
    box.checked = app.findings.on;
    const legend = element("ul", { class: "pp-legend" });
    const node = element("div", { class: "pp-layer", "data-layer": "findings" },
      element("label", { for: id }, box, element("span", {}, app.words.places),
        element("span", { class: "pp-count" }, app.format.number(places.length))), legend);
    const update = () => {
      node.classList.toggle("pp-off", !app.findings.on);
      const present = new Set(places.map((where) => where.outcome));
      const signs = app.payload.signs.filter((sign) => present.has(sign.outcome));
      legend.replaceChildren(...(app.findings.on ? signs : []).map((sign) =>
        element("li", { "data-color": sign.color, "data-value": sign.outcome }, outcomeSign(sign, 16), sign.title)));
    };
    return { node, update };
  }

  function basemapRow(app) {
    const { basemap } = app.payload;
    const id = `pp-${app.number}-basemap`;
    const box = element("input", { type: "checkbox", id, on: { change: () => app.turnBasemap(box.checked) } });
    return element("fieldset", { class: "pp-theme" }, element("legend", {}, app.words.basemap),
      element("div", { class: "pp-layer pp-off" },
        element("label", { for: id }, box, element("span", {}, basemap.title))));
  }

  function layerList(app) {
    const themes = new Map();
    if (app.findings) themes.set(app.words.findings, [findingsRow(app)]);
    for (const layer of [...app.layers].reverse()) {
      const title = layer.spec.themeTitle;
      if (!themes.has(title)) themes.set(title, []);
      themes.get(title).push(layerRow(app, layer));
    }
    const body = element("div", { class: "pp-list-body", id: `pp-${app.number}-list` });
    for (const [title, rows] of themes) {
      body.append(element("fieldset", { class: "pp-theme" }, element("legend", {}, title), ...rows.map((row) => row.node)));
    }
    if (app.payload.basemap) body.append(basemapRow(app));
    const button = element("button", { type: "button", class: "pp-list-button", "aria-controls": body.id,
      on: { click: () => { open(body.hidden); app.refresh(); } } },
      shape("svg", { viewBox: "0 0 24 24", width: 18, height: 18, "aria-hidden": "true" },
        shape("path", { d: "M12 3 2 8l10 5 10-5-10-5ZM3 12.5l9 4.5 9-4.5M3 16.5l9 4.5 9-4.5", fill: "none",
          stroke: "currentColor", "stroke-width": 1.8, "stroke-linejoin": "round" })),
      element("span", {}, app.words.layers));
    const open = (yes) => {
      body.hidden = !yes;
      button.setAttribute("aria-expanded", String(yes));
      button.title = yes ? app.words.hide_layers : app.words.show_layers;
      if (app.control) app.control.getContainer().classList.toggle("pp-open-list", yes);
    };
    open(app.map.getSize().x >= NARROW_PX);
    const rows = [...themes.values()].flat();
    return { open, isOpen: () => !body.hidden, node: element("section", { class: "pp-list", "aria-label": app.words.layers }, button, body),
      update: () => rows.forEach((row) => row.update()) };
  }

  function control(app, position, node) {
    const Box = L.Control.extend({
      onAdd() {
        L.DomEvent.disableClickPropagation(node);
        L.DomEvent.disableScrollPropagation(node);
        return node;
      },
    });
    return new Box({ position }).addTo(app.map);
  }

  function unplacedList(app) {
    const lost = app.layers.flatMap((layer) => layer.spec.unplaced.map((entry) => ({ layer, ...entry })));
    if (!lost.length) return;
    const items = lost.map(({ layer, id, title }) => {
      const text = layer.spec.link
        ? element("a", { href: layer.spec.link.replace("{id}", encodeURIComponent(id)) }, title) : title;
      return element("li", { "data-id": id }, text);
    });
    control(app, "bottomleft", element("details", { class: "pp-unplaced" },
      element("summary", {}, app.words.unplaced, element("span", { class: "pp-count" }, app.format.number(lost.length))),
      element("p", {}, app.words.unplaced_long), element("ul", {}, ...items)));
  }

  function attribution(app) {
    const texts = app.layers.filter((layer) => layer.on && layer.spec.credit).map((layer) => layer.spec.credit);
    if (app.basemap && app.map.hasLayer(app.basemap)) texts.unshift(app.payload.basemap.attribution);
    const parts = [...new Set(texts)].filter(Boolean);
    app.credits.textContent = ["Parkplan", "Leaflet", ...parts].join(" · ");
    app.credits.title = app.credits.textContent;
  }

  /* ---- graticule: a calm ground that says where the map is, without any tile ---------------------------------- */

  const STEPS_S = [72000, 36000, 18000, 7200, 3600, 1800, 1200, 600, 300, 120, 60, 30, 10, 5, 1]; // seconds of arc
  const STEP_PX = 130; // lines are at least this far apart

  function degrees(seconds, positive, negative) {
    const whole = Math.abs(seconds);
    const [d, m, s] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
    return `${d}°${m || s ? `${m}′` : ""}${s ? `${s}″` : ""}${seconds < 0 ? negative : positive}`;
  }

  function graticule(app) {
    const pane = app.map.createPane("pp-graticule");
    pane.style.zIndex = 250;
    pane.style.pointerEvents = "none";
    const renderer = L.svg({ pane: "pp-graticule", padding: 0 });
    const group = L.layerGroup().addTo(app.map);
    const line = (points) => L.polyline(points, { renderer, pane: "pp-graticule", interactive: false,
      color: "#20384f", opacity: 0.13, weight: 1 }).addTo(group);
    const text = (at, words, where) => L.marker(at, { interactive: false, keyboard: false, pane: "pp-graticule",
      icon: L.divIcon({ className: `pp-degree pp-degree-${where}`, html: element("span", {}, words), iconSize: null }) }).addTo(group);
    return () => {
      group.clearLayers();
      const view = app.map.getBounds();
      const size = app.map.getSize();
      const perPixel = ((view.getEast() - view.getWest()) * 3600) / Math.max(size.x, 1);
      const step = [...STEPS_S].reverse().find((candidate) => candidate / perPixel >= STEP_PX) || STEPS_S[0];
      for (let x = Math.ceil((view.getWest() * 3600) / step) * step; x <= view.getEast() * 3600; x += step) {
        line([[view.getSouth(), x / 3600], [view.getNorth(), x / 3600]]);
        text([view.getNorth(), x / 3600], degrees(x, app.words.east, app.words.west), "x");
      }
      for (let y = Math.ceil((view.getSouth() * 3600) / step) * step; y <= view.getNorth() * 3600; y += step) {
        line([[y / 3600, view.getWest()], [y / 3600, view.getEast()]]);
        text([y / 3600, view.getWest()], degrees(y, app.words.north, app.words.south), "y");
      }
    };
  }

  Object.assign(Parkplan.kit, { layerList, control, unplacedList, attribution, graticule });
})();
