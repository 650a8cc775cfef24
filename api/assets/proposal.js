/* The map of a proposal: before, after or both, with pins; a click takes a place for a comment. Without this script the
   page shows a picture instead, and everything else works. Text reaches the page only as text nodes. */
(() => {
  "use strict";

  const CLOSE_ZOOM = 17;
  const place = document.getElementById("map");
  const drawn = JSON.parse(document.getElementById("drawn").textContent);
  place.replaceChildren();
  const map = L.map(place, { attributionControl: false, preferCanvas: false });
  L.control.scale({ imperial: false }).addTo(map);

  function styleOf({ properties: { kind, when } }) {
    if (kind === "around") return { color: "#78848f", weight: 1, fillOpacity: 0.1 };
    const old = when === "before";
    return { color: drawn.colors[kind], weight: 2.5, dashArray: old ? "7 5" : null, fillOpacity: old && kind === "update" ? 0.06 : 0.28 };
  }

  function told(...lines) {
    const box = document.createElement("div");
    box.className = "popup";
    for (const line of lines.filter(Boolean)) box.appendChild(document.createElement("p")).textContent = line;
    return box;
  }

  const words = {};
  for (const swatch of document.querySelectorAll(".legend .swatch")) {
    const kind = [...swatch.classList].find((name) => name.startsWith("kind-"));
    if (kind) words[kind.slice(5)] = swatch.parentElement.textContent.trim();
  }
  const byFeature = new Map();
  const layers = { before: L.layerGroup(), after: L.layerGroup(), both: L.layerGroup().addTo(map) };

  for (const feature of drawn.features) {
    const { layer, id, title, kind, when } = feature.properties;
    const shape = L.geoJSON(feature, {
      style: styleOf,
      interactive: kind !== "around",
      pointToLayer: (one, where) => L.circleMarker(where, { ...styleOf(one), radius: 7 }),
    });
    if (kind !== "around") {
      shape.bindPopup(() => told(title, words[kind], id));
      if (when !== "before" || kind === "delete") byFeature.set(`${layer}/${id}`, shape);
    }
    layers[when].addLayer(shape);
  }

  const shown = {
    both: [layers.before, layers.after],
    before: [layers.before],
    after: [layers.after],
  };
  function show(when) {
    for (const group of [layers.before, layers.after]) map.removeLayer(group);
    for (const group of shown[when]) group.addTo(map);
    for (const button of document.querySelectorAll("[data-when]")) {
      button.setAttribute("aria-pressed", String(button.dataset.when === when));
    }
  }
  for (const button of document.querySelectorAll("[data-when]")) button.addEventListener("click", () => show(button.dataset.when));
  show("both");

  const pins = new Map();
  for (const pin of drawn.pins) {
    const face = document.createElement("span");
    face.className = `pin pin-${pin.kind}`;
    face.textContent = pin.kind === "finding" ? "!" : pin.kind === "conflict" ? "×" : String(pin.number);
    const marker = L.marker([pin.place[1], pin.place[0]], {
      icon: L.divIcon({ html: face, className: "", iconSize: [26, 26], iconAnchor: [4, 26] }),
      title: pin.text,
      alt: pin.text,
      zIndexOffset: pin.kind === "comment" ? 1000 : 0,
    });
    marker.bindPopup(() => {
      const box = told(pin.text);
      const link = box.appendChild(document.createElement("p")).appendChild(document.createElement("a"));
      link.href = `#${pin.kind}-${pin.number}`;
      link.textContent = "↓";
      link.setAttribute("aria-label", pin.text);
      return box;
    }, { maxWidth: 300 });
    pins.set(`${pin.kind}-${pin.number}`, marker.addTo(map));
  }

  const [west, south, east, north] = drawn.bounds;
  map.fitBounds([[south, west], [north, east]], { animate: false, maxZoom: CLOSE_ZOOM });

  /* A place that is shown, and one that is taken. */
  const spot = L.circleMarker([0, 0], { radius: 11, color: "#b06a00", weight: 3, fill: false, interactive: false });
  function point(lon, lat) {
    spot.setLatLng([lat, lon]).addTo(map);
    return spot;
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest(".show");
    if (!button) return;
    const { place: where, feature, layer, pin } = button.dataset;
    place.scrollIntoView({ block: "center" });
    if (pin && pins.has(pin)) {
      map.setView(pins.get(pin).getLatLng(), Math.max(map.getZoom(), 14), { animate: false });
      pins.get(pin).openPopup();
    } else if (where) {
      const [lon, lat] = where.split(",").map(Number);
      map.setView([lat, lon], Math.max(map.getZoom(), 14), { animate: false });
      point(lon, lat);
    } else if (feature && byFeature.has(`${layer}/${feature}`)) {
      const shape = byFeature.get(`${layer}/${feature}`);
      if (!map.hasLayer(shape)) show("both");
      map.fitBounds(shape.getBounds().pad(0.3), { maxZoom: CLOSE_ZOOM, animate: false });
      shape.openPopup();
    }
  });

  const field = document.getElementById("place");
  map.on("click", ({ latlng }) => {
    if (!field) return;
    field.value = `${latlng.lng.toFixed(6)}, ${latlng.lat.toFixed(6)}`;
    point(latlng.lng, latlng.lat);
  });

  window.Parkplan = { proposal: { map, pins, byFeature } };
})();
