/* Draws a Parkplan map: layers, legend, popups and findings, from the values that gis.maps puts into the page.
 *
 * Every text of the data reaches the page through textContent. Nothing is loaded but the items of layers that have an
 * address, and the tiles of a base map once the reader switches it on.
 */
(function () {
  "use strict";

  const SVG = "http://www.w3.org/2000/svg";
  const SCHEMATIC = new Set(["schematic", "unknown"]);
  const NARROW_PX = 620; // below this width the layer list starts closed
  const LIST_PX = 270; // what the open layer list covers of a wide map
  const BADGE_PX = 17; // the sign of a finding, up and right of its place so that the place stays in sight
  const PANE_BASE = 410; // Leaflet's overlay pane is 400, its marker pane 600
  const maps = [];

  /* ---- small DOM helpers ------------------------------------------------------------------------------------ */

  function element(tag, attributes, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (name === "class") node.className = value;
      else if (name === "on") for (const [event, call] of Object.entries(value)) node.addEventListener(event, call);
      else if (value === true) node.setAttribute(name, "");
      else if (value !== false && value != null) node.setAttribute(name, value);
    }
    node.append(...children.filter((child) => child != null && child !== ""));
    return node;
  }

  function shape(tag, attributes, ...children) {
    const node = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) if (value != null) node.setAttribute(name, value);
    node.append(...children);
    return node;
  }

  function fill(template, values) {
    return template.replace(/\{(\w+)\}/g, (whole, key) => (key in values ? values[key] : whole));
  }

  /* ---- numbers, dates and values as the reader writes them --------------------------------------------------- */

  function formatter(language, words) {
    const numbers = new Intl.NumberFormat(language, { maximumFractionDigits: 3 });
    const plain = new Intl.NumberFormat(language, { maximumFractionDigits: 3, useGrouping: false });
    const date = (text) => {
      const [year, month, day] = String(text).slice(0, 10).split("-");
      return language === "vi" ? `${day}/${month}/${year}` : `${year}-${month}-${day}`;
    };
    return {
      number: (value) => numbers.format(value),
      value(field, value) {
        if (field.codes && field.codes[value] !== undefined) return field.codes[value];
        if (field.type === "boolean") return value ? words.yes : words.no;
        if (field.type === "date") return date(value);
        if (typeof value === "number") {
          const text = /year|horizon/.test(field.name) ? plain.format(value) : numbers.format(value);
          return field.unit ? `${text} ${field.unit}` : text;
        }
        return String(value);
      },
    };
  }

  /* ---- signs ------------------------------------------------------------------------------------------------- */

  function hatch(color) {
    const id = `pp-hatch-${color.slice(1)}`;
    if (document.getElementById(id)) return `url(#${id})`;
    let defs = document.getElementById("pp-defs");
    if (!defs) {
      defs = shape("svg", { id: "pp-defs", width: 0, height: 0, "aria-hidden": "true", class: "pp-defs" });
      document.body.append(defs);
    }
    defs.append(
      shape(
        "pattern",
        { id, width: 7, height: 7, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
        shape("rect", { width: 7, height: 7, fill: color, "fill-opacity": 0.1 }),
        shape("line", { x1: 0, y1: 0, x2: 0, y2: 7, stroke: color, "stroke-width": 2, "stroke-opacity": 0.55 })
      )
    );
    return `url(#${id})`;
  }

  function outcomeSign(sign, size) {
    return shape(
      "svg",
      { viewBox: "0 0 24 24", width: size, height: size, "aria-hidden": "true", class: "pp-sign" },
      shape("path", { d: sign.shape, fill: sign.color, stroke: "#fff", "stroke-width": 1.5, "paint-order": "stroke" }),
      shape("path", { d: sign.mark, fill: "none", stroke: "#fff", "stroke-width": 2.6, "stroke-linecap": "round" })
    );
  }

  function swatch(kind, color, options) {
    const { schematic, dash, opacity } = options || {};
    const picture = shape("svg", { viewBox: "0 0 22 14", width: 22, height: 14, "aria-hidden": "true" });
    if (kind === "line") {
      picture.append(
        shape("line", { x1: 1, y1: 7, x2: 21, y2: 7, stroke: color, "stroke-width": 3,
          "stroke-dasharray": schematic ? "5 3" : dash })
      );
    } else {
      const look = { stroke: color, "stroke-width": 1.6, fill: schematic ? hatch(color) : color,
        "fill-opacity": schematic ? 1 : opacity, "stroke-dasharray": schematic ? "4 2.5" : dash };
      picture.append(
        kind === "point" ? shape("circle", { cx: 11, cy: 7, r: 5, ...look })
          : shape("rect", { x: 1.5, y: 1.5, width: 19, height: 11, rx: 2, ...look })
      );
    }
    return picture;
  }

  /* ---- one layer --------------------------------------------------------------------------------------------- */

  function kindOf(feature) {
    const type = feature.geometry.type;
    return type.endsWith("Point") ? "point" : type.endsWith("LineString") ? "line" : "area";
  }

  function classOf(spec, properties) {
    if (!spec.by) return spec.classes[0];
    const value = properties[spec.by];
    return spec.classes.find((entry) => entry.value === value) || spec.classes[spec.classes.length - 1];
  }

  function styleOf(spec, feature) {
    const { color } = classOf(spec, feature.properties);
    const kind = kindOf(feature);
    const position = feature.properties.position;
    const schematic = SCHEMATIC.has(position) || (kind === "point" && position === "label");
    const style = { color, weight: spec.style.width, opacity: 0.95, dashArray: schematic ? "5 4" : spec.style.dash };
    if (kind === "line") return { ...style, fill: false };
    return { ...style, fillColor: schematic ? hatch(color) : color,
      fillOpacity: schematic ? 1 : kind === "point" ? Math.max(spec.style.fill, 0.7) : spec.style.fill };
  }

  function titleOf(spec, feature) {
    const title = spec.label && feature.properties[spec.label];
    return title ? String(title) : "";
  }

  function makeLayer(app, spec, order) {
    const pane = app.map.createPane(`pp-${spec.id}`);
    pane.style.zIndex = PANE_BASE + order;
    const layer = {
      spec, on: spec.visible, group: L.featureGroup(), byId: new Map(), drawn: [], matched: spec.total, more: false,
      state: "ready", renderer: L.svg({ pane: `pp-${spec.id}`, padding: 0.4 }),
    };
    const shapes = L.geoJSON(null, {
      pane: `pp-${spec.id}`,
      style: (feature) => ({ ...styleOf(spec, feature), renderer: layer.renderer }),
      pointToLayer: (feature, latlng) =>
        L.circleMarker(latlng, { radius: spec.style.radius, pane: `pp-${spec.id}`, renderer: layer.renderer }),
      onEachFeature: (feature, drawn) => bind(app, layer, feature, drawn),
    });
    layer.group.addLayer(shapes);
    layer.show = (collection) => {
      layer.byId.clear();
      shapes.clearLayers();
      layer.drawn = collection.features.filter((feature) => feature.geometry);
      shapes.addData({ type: "FeatureCollection", features: layer.drawn });
    };
    if (spec.data) layer.show(spec.data);
    return layer;
  }

  function bind(app, layer, feature, drawn) {
    const { spec } = layer;
    layer.byId.set(String(feature.id), drawn);
    drawn.bindTooltip(() => tooltipOf(app, spec, feature), { sticky: true, className: "pp-tooltip", opacity: 1 });
    drawn.bindPopup(() => popupOf(app, spec, feature), { maxWidth: 340, minWidth: 220, className: "pp-popup" });
    drawn.on("click", () => app.announce(spec.id, String(feature.id)));
  }

  function qualityOf(app, feature) {
    const position = feature.properties.position;
    if (SCHEMATIC.has(position)) return app.words.schematic_long;
    return position === "label" ? app.words.label_long : "";
  }

  function tooltipOf(app, spec, feature) {
    const kind = spec.by ? classOf(spec, feature.properties).title : "";
    const position = feature.properties.position;
    const quality = SCHEMATIC.has(position) ? app.words.schematic : position === "label" ? app.words.label : "";
    const small = [spec.title, kind === spec.title ? "" : kind, quality].filter(Boolean).join(" · ");
    return element("div", {}, element("strong", {}, titleOf(spec, feature) || spec.title), element("span", {}, small));
  }

  function popupOf(app, spec, feature) {
    const rows = spec.fields
      .filter((field) => feature.properties[field.name] != null && feature.properties[field.name] !== "")
      .map((field) =>
        element("div", {}, element("dt", {}, field.title),
          element("dd", {}, app.format.value(field, feature.properties[field.name]))));
    const quality = qualityOf(app, feature);
    const address = spec.link && spec.link.replace("{id}", encodeURIComponent(feature.id));
    return element("article", { class: "pp-card" },
      element("p", { class: "pp-card-kind" }, spec.title),
      element("h3", {}, titleOf(spec, feature) || String(feature.id)),
      quality ? element("p", { class: "pp-quality" }, quality) : null,
      element("dl", { tabindex: "0" }, ...rows),
      address ? element("a", { class: "pp-open", href: address }, app.words.open) : null);
  }

  /* ---- layers that are fetched for the view ------------------------------------------------------------------ */

  function addressOf(app, layer) {
    const url = new URL(layer.spec.url, document.baseURI);
    const view = app.map.getBounds();
    const clamp = (value, limit) => Math.max(-limit, Math.min(limit, value)).toFixed(6);
    url.searchParams.set("bbox", [clamp(view.getWest(), 180), clamp(view.getSouth(), 90),
      clamp(view.getEast(), 180), clamp(view.getNorth(), 90)].join(","));
    url.searchParams.set("limit", String(app.payload.limit));
    return url;
  }

  async function fetchView(app, layer) {
    if (layer.request) layer.request.abort();
    if (!inZoom(app, layer)) {
      layer.show({ features: [] });
      return;
    }
    const request = new AbortController();
    layer.request = request;
    layer.state = "loading";
    app.refresh();
    try {
      const answer = await fetch(addressOf(app, layer), {
        signal: request.signal, headers: { Accept: "application/geo+json" },
      });
      if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
      const collection = await answer.json();
      layer.matched = collection.numberMatched == null ? null : collection.numberMatched;
      layer.more = (collection.links || []).some((link) => link.rel === "next");
      layer.show(collection);
      layer.state = "ready";
    } catch (error) {
      if (error.name === "AbortError") return;
      layer.state = "failed";
      layer.show({ features: [] });
    }
    app.refresh();
  }

  function inZoom(app, layer) {
    const [first, last] = layer.spec.zoom;
    const zoom = Math.round(app.map.getZoom());
    return zoom >= first && zoom <= last;
  }

  function place(app, layer) {
    const wanted = layer.on && inZoom(app, layer);
    if (wanted && !app.map.hasLayer(layer.group)) layer.group.addTo(app.map);
    if (!wanted && app.map.hasLayer(layer.group)) layer.group.remove();
  }

  function statusOf(app, layer) {
    const { words, format } = app;
    if (!layer.on) return "";
    if (!inZoom(app, layer)) return words.zoom_in;
    if (layer.state === "loading") return words.loading;
    if (layer.state === "failed") return words.failed;
    if (!layer.spec.url) return "";
    const n = format.number(layer.drawn.length);
    if (layer.matched == null) return layer.more ? fill(words.drawn_some, { n }) : "";
    const text = layer.matched > layer.drawn.length ? words.drawn_more : words.drawn;
    return fill(text, { n, m: format.number(layer.matched) });
  }

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
      element("label", { for: id }, box, element("span", {}, app.words.findings),
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
      on: { click: () => open(body.hidden) } },
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
    return { node: element("section", { class: "pp-list", "aria-label": app.words.layers }, button, body),
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

  /* ---- findings ---------------------------------------------------------------------------------------------- */

  function findingPopup(app, where) {
    const signs = new Map(app.payload.signs.map((sign) => [sign.outcome, sign]));
    const counts = app.payload.signs.filter((sign) => where.counts[sign.outcome]).map((sign) =>
      element("li", {}, outcomeSign(sign, 15), `${sign.title}: ${app.format.number(where.counts[sign.outcome])}`));
    const told = where.messages.map(([outcome, text]) => element("li", {}, outcomeSign(signs.get(outcome), 15), text));
    const graver = Object.entries(where.counts).filter(([o]) => o !== "pass").reduce((sum, [, n]) => sum + n, 0);
    const rest = graver - where.messages.length;
    const parks = app.layers.find((layer) => layer.spec.labelled);
    const park = parks && where.park && (parks.spec.data ? parks.drawn : []).find((f) => String(f.id) === where.park);
    const address = parks && parks.spec.link && where.park && parks.spec.link.replace("{id}", encodeURIComponent(where.park));
    return element("article", { class: "pp-card" },
      element("p", { class: "pp-card-kind" }, app.words.findings),
      element("h3", {}, park ? titleOf(parks.spec, park) : where.park || app.words.findings),
      element("ul", { class: "pp-counts" }, ...counts),
      told.length ? element("ul", { class: "pp-told", tabindex: "0" }, ...told) : null,
      rest > 0 ? element("p", {}, fill(app.words.more, { n: app.format.number(rest) })) : null,
      address ? element("a", { class: "pp-open", href: address }, app.words.open) : null);
  }

  function drawFindings(app) {
    const signs = new Map(app.payload.signs.map((sign) => [sign.outcome, sign]));
    const group = L.featureGroup();
    const pane = app.map.createPane("pp-findings");
    pane.style.zIndex = 590;
    const renderer = L.svg({ pane: "pp-findings", padding: 0.4 });
    for (const where of app.payload.findings) {
      const sign = signs.get(where.outcome);
      if (!where.geometry.type.endsWith("Point")) {
        L.geoJSON(where.geometry, { interactive: false, pane: "pp-findings",
          style: { renderer, color: sign.color, weight: 3, opacity: 0.9, fill: false } }).addTo(group);
      }
      const marker = L.marker(where.anchor, {
        icon: L.divIcon({ className: "pp-finding", html: outcomeSign(sign, BADGE_PX),
          iconSize: [BADGE_PX, BADGE_PX], iconAnchor: [-2, BADGE_PX + 2] }),
        zIndexOffset: 1000 - app.payload.signs.indexOf(sign) * 100, riseOnHover: true,
      });
      marker.bindPopup(() => findingPopup(app, where), { maxWidth: 340, minWidth: 220, className: "pp-popup" });
      marker.on("add", () => {
        marker.getElement().setAttribute("aria-label", sign.title);
        marker.getElement().dataset.outcome = where.outcome;
      });
      marker.on("click", () => where.park && app.announce("parks", where.park));
      marker.addTo(group);
    }
    return { group, places: app.payload.findings, on: true };
  }

  /* ---- labels that do not lie on one another ------------------------------------------------------------------ */

  function shortTitle(title) {
    return title.replace(/\s*\([^)]*\)/g, "").trim() || title;
  }

  function makeLabels(app) {
    const labels = [];
    for (const layer of app.layers.filter((candidate) => candidate.spec.labelled)) {
      for (const feature of layer.drawn) {
        const title = titleOf(layer.spec, feature);
        const drawn = layer.byId.get(String(feature.id));
        if (!title || !drawn) continue;
        const bounds = drawn.getBounds ? drawn.getBounds() : L.latLngBounds([drawn.getLatLng()]);
        const node = element("span", {}, shortTitle(title));
        const tooltip = L.tooltip(bounds.getCenter(), { permanent: true, direction: "right", className: "pp-label",
          interactive: false, content: node, opacity: 1 });
        labels.push({ layer, bounds, tooltip, weight: feature.properties.area_ha || 0 });
      }
    }
    return labels.sort((a, b) => b.weight - a.weight);
  }

  function touches(a, b) {
    return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
  }

  function candidates(label, point, half, size) {
    if (half.x > size.x / 2 + 6 && half.y > size.y) {
      return [{ direction: "center", x: point.x - size.x / 2, y: point.y - size.y / 2, offset: [0, 0] }];
    }
    const gapX = half.x + 3;
    const gapY = half.y + 2;
    return [
      { direction: "right", x: point.x + gapX, y: point.y - size.y / 2, offset: [gapX, 0] },
      { direction: "right", x: point.x + gapX, y: point.y, offset: [gapX, size.y / 2] },
      { direction: "left", x: point.x - gapX - size.x, y: point.y - size.y / 2, offset: [-gapX, 0] },
      { direction: "bottom", x: point.x - size.x / 2, y: point.y + gapY, offset: [0, gapY] },
      { direction: "top", x: point.x - size.x / 2, y: point.y - gapY - size.y, offset: [0, -gapY] },
    ];
  }

  function layLabels(app) {
    const { map } = app;
    const shown = app.labels.filter((label) => map.hasLayer(label.layer.group));
    app.labels.forEach((label) => {
      if (!shown.includes(label)) label.tooltip.remove();
      else if (!map.hasLayer(label.tooltip)) label.tooltip.addTo(map);
    });
    const halves = new Map(shown.map((label) => {
      const a = map.latLngToContainerPoint(label.bounds.getSouthWest());
      const b = map.latLngToContainerPoint(label.bounds.getNorthEast());
      return [label, { x: Math.max((b.x - a.x) / 2, 9), y: Math.max((a.y - b.y) / 2, 9) }];
    }));
    const taken = shown.map((label) => {
      const point = map.latLngToContainerPoint(label.bounds.getCenter());
      const half = halves.get(label);
      return { x: point.x - Math.min(half.x, 12), y: point.y - Math.min(half.y, 12),
        w: 2 * Math.min(half.x, 12), h: 2 * Math.min(half.y, 12), label };
    });
    if (app.findings && app.findings.on) {
      for (const where of app.findings.places) {
        const point = map.latLngToContainerPoint(where.anchor);
        taken.push({ x: point.x + 2, y: point.y - BADGE_PX - 2, w: BADGE_PX, h: BADGE_PX });
      }
    }
    for (const label of shown) {
      const node = label.tooltip.getElement();
      const size = { x: node.offsetWidth, y: node.offsetHeight };
      const point = map.latLngToContainerPoint(label.bounds.getCenter());
      const free = candidates(label, point, halves.get(label), size).find((spot) =>
        !taken.some((other) => other.label !== label && touches({ ...spot, w: size.x, h: size.y }, other)));
      node.classList.toggle("pp-hidden", !free);
      if (!free) continue;
      label.tooltip.options.direction = free.direction;
      label.tooltip.options.offset = L.point(free.offset);
      label.tooltip.update();
      taken.push({ x: free.x, y: free.y, w: size.x, h: size.y });
    }
  }

  /* ---- graticule: a calm ground that says where the map is, without any tile ---------------------------------- */

  const STEPS = [10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001];

  function degrees(value, step, positive, negative) {
    const minutes = Math.round(Math.abs(value) * 60 * 1000) / 1000;
    const whole = Math.floor(minutes / 60 + 1e-9);
    const rest = Math.round((minutes - whole * 60) * 100) / 100;
    return `${whole}°${rest ? `${rest}′` : ""}${value < 0 ? negative : positive}`;
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
      const perPixel = (view.getEast() - view.getWest()) / Math.max(size.x, 1);
      const step = [...STEPS].reverse().find((candidate) => candidate / perPixel >= 130) || STEPS[0];
      const inside = app.map.containerPointToLatLng([0, size.y]);
      for (let x = Math.ceil(view.getWest() / step) * step; x <= view.getEast(); x += step) {
        line([[view.getSouth(), x], [view.getNorth(), x]]);
        text([view.getNorth(), x], degrees(x, step, app.words.east, app.words.west), "x");
      }
      for (let y = Math.ceil(view.getSouth() / step) * step; y <= view.getNorth(); y += step) {
        line([[y, view.getWest()], [y, view.getEast()]]);
        text([y, inside.lng], degrees(y, step, app.words.north, app.words.south), "y");
      }
    };
  }

  /* ---- the map ------------------------------------------------------------------------------------------------ */

  function buttons(app) {
    const { words, map } = app;
    L.control.zoom({ position: "topleft", zoomInTitle: words.zoom_in_button, zoomOutTitle: words.zoom_out_button }).addTo(map);
    const fit = element("a", { href: "#", role: "button", title: words.fit_button, "aria-label": words.fit_button,
      on: { click: (event) => { event.preventDefault(); app.fit(); } } },
      shape("svg", { viewBox: "0 0 24 24", width: 16, height: 16, "aria-hidden": "true" },
        shape("path", { d: "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5", fill: "none", stroke: "currentColor", "stroke-width": 2 })));
    control(app, "topleft", element("div", { class: "leaflet-bar" }, fit));
    L.control.scale({ imperial: false, position: "bottomleft" }).addTo(map);
    app.credits = element("div", { class: "pp-credits" });
    control(app, "bottomright", app.credits);
    map.on("popupopen", (event) => {
      const close = event.popup.getElement().querySelector(".leaflet-popup-close-button");
      if (close) {
        close.setAttribute("aria-label", words.close);
        close.title = words.close;
      }
    });
  }

  function attach(map, payload) {
    const app = { map, payload, words: payload.words, number: maps.length, findings: null, basemap: null,
      format: formatter(payload.language, payload.words) };
    const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    map.options.zoomAnimation = !still;
    const room = () => ({ paddingTopLeft: [60, 28], maxZoom: 15,
      paddingBottomRight: [map.getSize().x > 3 * LIST_PX ? LIST_PX : 40, 28] });
    map.fitBounds(payload.bounds, { ...room(), animate: false });

    app.announce = (layer, id) =>
      map.getContainer().dispatchEvent(new CustomEvent("parkplan:select", { bubbles: true, detail: { layer, id } }));
    app.fit = () => map.fitBounds(payload.bounds, { ...room(), animate: !still });
    app.layers = payload.layers.map((spec, order) => makeLayer(app, spec, order));
    if (payload.findings) {
      app.findings = drawFindings(app);
      app.findings.group.addTo(map);
    }
    buttons(app);
    unplacedList(app);
    app.labels = makeLabels(app);
    app.list = layerList(app);
    app.control = control(app, "topright", app.list.node);
    app.drawGraticule = graticule(app);

    app.refresh = () => {
      app.layers.forEach((layer) => place(app, layer));
      app.list.update();
      attribution(app);
      layLabels(app);
    };
    app.turn = (layer, on) => {
      layer.on = on;
      if (on && layer.spec.url) fetchView(app, layer);
      app.refresh();
    };
    app.turnFindings = (on) => {
      app.findings.on = on;
      if (on) app.findings.group.addTo(map); else app.findings.group.remove();
      app.refresh();
    };
    app.turnBasemap = (on) => {
      app.basemap = app.basemap || L.tileLayer(payload.basemap.url, { maxZoom: 20 });
      if (on) app.basemap.addTo(map); else app.basemap.remove();
      app.refresh();
    };
    app.select = (layerId, id) => {
      const layer = app.layers.find((candidate) => candidate.spec.id === layerId);
      const drawn = layer && layer.byId.get(String(id));
      if (!drawn) return false;
      const bounds = drawn.getBounds ? drawn.getBounds() : L.latLngBounds([drawn.getLatLng()]);
      map.fitBounds(bounds.pad(1.5), { animate: !still, maxZoom: 14 });
      if (!layer.on) app.turn(layer, true);
      drawn.openPopup(bounds.getCenter());
      return true;
    };

    let timer = 0;
    map.on("moveend", () => {
      app.drawGraticule();
      app.refresh();
      clearTimeout(timer);
      timer = setTimeout(() => app.layers.filter((layer) => layer.on && layer.spec.url)
        .forEach((layer) => fetchView(app, layer)), 200);
    });
    new ResizeObserver(() => map.invalidateSize({ pan: false })).observe(map.getContainer());

    app.refresh();
    app.drawGraticule();
    app.layers.filter((layer) => layer.on && layer.spec.url).forEach((layer) => fetchView(app, layer));
    if (payload.focus) {
      const labelled = payload.layers.find((spec) => spec.labelled);
      if (labelled) app.select(labelled.id, payload.focus);
    }
    if (document.fonts) document.fonts.ready.then(() => layLabels(app));
    maps.push(app);
    return app;
  }

  window.Parkplan = { attach, maps };
})();
