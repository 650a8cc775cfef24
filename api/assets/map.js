/* A Parkplan map: findings, labels, and everything put together from the values that gis.maps puts into the page. */
(function () {
  "use strict";

  const Parkplan = (window.Parkplan = window.Parkplan || { kit: {}, maps: [] });
  const { SMOOTH, element, shape, fill, formatter, outcomeSign, titleOf, makeLayer, fetchView, place } = Parkplan.kit;
  const { layerList, control, unplacedList, attribution, graticule } = Parkplan.kit;
  const LIST_PX = 270; // what the open layer list covers of a wide map
  const BADGE_PX = 17; // the sign of a finding, up and right of its place so that the place stays in sight

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
      if (where.geometry) {
        L.geoJSON(where.geometry, { interactive: false, pane: "pp-findings",
          style: { renderer, color: sign.color, weight: 3, opacity: 0.9, fill: false, smoothFactor: SMOOTH } }).addTo(group);
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
    return title.replace(/\s*\([^)]*\)/g, "").replace(/ Industrial Park\b/, " IP").trim() || title;
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
    const frame = map.getContainer().getBoundingClientRect();
    // Beside the map's own controls, what the page lays over the map.
    const above = [...map.getContainer().querySelectorAll(".leaflet-control"), ...document.querySelectorAll("[data-over-map]")];
    const controls = above.map((node) => {
      const box = node.getBoundingClientRect();
      return { x: box.left - frame.left, y: box.top - frame.top, w: box.width, h: box.height };
    });
    const taken = shown.map((label) => {
      const point = map.latLngToContainerPoint(label.bounds.getCenter());
      const half = halves.get(label);
      return { x: point.x - Math.min(half.x, 12), y: point.y - Math.min(half.y, 12),
        w: 2 * Math.min(half.x, 12), h: 2 * Math.min(half.y, 12), label };
    });
    taken.push(...controls);
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
        spot.x >= 0 && spot.x + size.x <= frame.width && !taken.some((other) => other.label !== label && touches({ ...spot, w: size.x, h: size.y }, other)));
      node.classList.toggle("pp-hidden", !free);
      if (!free) continue;
      label.tooltip.options.direction = free.direction;
      label.tooltip.options.offset = L.point(free.offset);
      label.tooltip.update();
      taken.push({ x: free.x, y: free.y, w: size.x, h: size.y });
    }
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

  function stillness() {
    return window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  }

  /* Leaflet's options for readers who want nothing to move; Leaflet reads them only when a map is made. */
  function motion() {
    return stillness() ? { zoomAnimation: false, fadeAnimation: false, markerZoomAnimation: false } : {};
  }

  function attach(map, payload) {
    const app = { map, payload, words: payload.words, number: Parkplan.maps.length, findings: null, basemap: null,
      format: formatter(payload.language, payload.words) };
    const still = stillness();
    if (still) map.panBy = (offset, options) => L.Map.prototype.panBy.call(map, offset, { ...options, animate: false });
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
    app.select = (layerId, id, { popup = true } = {}) => {
      const layer = app.layers.find((candidate) => candidate.spec.id === layerId);
      const drawn = layer && layer.byId.get(String(id));
      if (!drawn) return false;
      const bounds = drawn.getBounds ? drawn.getBounds() : L.latLngBounds([drawn.getLatLng()]);
      map.fitBounds(bounds.pad(1.5), { animate: !still && !popup, maxZoom: 14 }); // a card finds its room on a still map
      if (!layer.on) app.turn(layer, true);
      if (popup) drawn.openPopup(bounds.getCenter());
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
    Parkplan.maps.push(app);
    return app;
  }

  Object.assign(Parkplan, { attach, motion });
})();
