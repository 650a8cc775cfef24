/* Draws the layers of a Parkplan map: shapes, signs, popups, and what a view needs from the server.
 *
 * Every text of the data reaches the page through textContent. Nothing is loaded but the items of layers that have an
 * address.
  */
(function () {
  "use strict";

  const Parkplan = (window.Parkplan = window.Parkplan || { kit: {}, maps: [] });
  const SVG = "http://www.w3.org/2000/svg";
  const SCHEMATIC = new Set(["schematic", "unknown"]);
  const PANE_BASE = 410; // Leaflet's overlay pane is 400, its marker pane 600

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

  const SMOOTH = 0.3; // pixels by which Leaflet may simplify: a small circle stays round

  function styleOf(spec, feature) {
    const { color } = classOf(spec, feature.properties);
    const kind = kindOf(feature);
    const position = feature.properties.position;
    const schematic = SCHEMATIC.has(position) || (kind === "point" && position === "label");
    const style = { color, weight: spec.style.width, opacity: 0.95, dashArray: schematic ? "5 4" : spec.style.dash,
      smoothFactor: SMOOTH };
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
    const maxWidth = Math.min(340, Math.max(220, app.map.getSize().x - 120));
    drawn.bindPopup(() => popupOf(app, spec, feature), { maxWidth, minWidth: 220, className: "pp-popup" });
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
      address ? element("a", { class: "pp-open", href: address }, app.words.open) : null,
      app.footer ? app.footer() : null);
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
    if (!layer.spec.url) {
      const lost = layer.spec.total - layer.drawn.length;
      return lost ? fill(words.lost, { n: format.number(lost) }) : "";
    }
    const n = format.number(layer.drawn.length);
    if (layer.matched == null) return layer.more ? fill(words.drawn_some, { n }) : "";
    const text = layer.matched > layer.drawn.length ? words.drawn_more : words.drawn;
    return fill(text, { n, m: format.number(layer.matched) });
  }

  Object.assign(Parkplan.kit, {
    SCHEMATIC, SMOOTH, element, shape, fill, formatter, outcomeSign, swatch, kindOf, classOf, titleOf, makeLayer, fetchView,
    inZoom, place, popupOf, statusOf,
  });
})();
