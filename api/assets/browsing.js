/* Pages of documents: a small map of the features that the table lists, and the way back through pages. */
(function () {
  "use strict";

  const ACCENT = { color: "#0b5d78", weight: 2, fillOpacity: 0.2, smoothFactor: 0.3 };
  const CHOSEN = { color: "#a3271b", weight: 3, fillOpacity: 0.3 };
  const CLOSE_ZOOM = 16;
  /* What stands for a feature whose outline or place is not known: dashed, and said below the map. */
  const SKETCHED = new Set(["schematic", "label", "unknown"]);
  const isSketched = (feature) => SKETCHED.has(feature.properties.position);
  const look = (feature) => ({ ...ACCENT, dashArray: isSketched(feature) ? "4 3" : null });

  /* A cursor leads forwards only: this tab remembers from which page it came. */
  function remember() {
    const next = document.querySelector("a[rel=next]");
    const previous = document.getElementById("previous");
    const key = (href) => `parkplan-before:${new URL(href, location.href).href}`;
    try {
      if (next) sessionStorage.setItem(key(next.href), location.href);
      const before = previous && sessionStorage.getItem(key(location.href));
      if (before) {
        previous.href = before;
        previous.hidden = false;
      }
    } catch (error) {
      if (!(error instanceof DOMException)) throw error; // no storage: the way to the first page stays
    }
  }

  function popup(feature, label) {
    const box = document.createElement("div");
    const title = document.createElement("strong");
    title.textContent = feature.properties[label] || feature.id;
    const id = document.createElement("div");
    id.textContent = feature.id;
    box.append(title, id);
    return box;
  }

  function choose(rows, id) {
    for (const row of rows.values()) row.classList.toggle("chosen", row.dataset.feature === id);
    const row = rows.get(id);
    if (row) row.scrollIntoView({ block: "nearest" });
  }

  async function draw(place) {
    const map = L.map(place, { zoomSnap: 0.25, attributionControl: false, scrollWheelZoom: false }).setView([21.03, 105.82], 9);
    L.control.scale({ imperial: false }).addTo(map);
    const answer = await fetch(place.dataset.url, { headers: { Accept: "application/geo+json" } });
    const found = await answer.json();
    if (!answer.ok) throw new Error(found.detail);
    const rows = new Map([...document.querySelectorAll("tr[data-feature]")].map((row) => [row.dataset.feature, row]));
    const shapes = L.geoJSON(found, {
      filter: (feature) => feature.geometry !== null,
      style: look,
      pointToLayer: (_, at) => L.circleMarker(at, { radius: 6 }),
      onEachFeature: (feature, shape) => {
        shape.bindPopup(() => popup(feature, place.dataset.label));
        shape.on("click", () => {
          shapes.setStyle(look);
          shape.setStyle(CHOSEN);
          choose(rows, String(feature.id));
        });
      },
    }).addTo(map);
    document.getElementById("sketched").hidden = !shapes.getLayers().some((shape) => isSketched(shape.feature));
    const bounds = shapes.getBounds();
    if (bounds.isValid()) map.fitBounds(bounds, { padding: [20, 20], maxZoom: CLOSE_ZOOM, animate: false });
    place.dataset.ready = "true";
  }

  remember();
  const place = document.getElementById("map");
  if (place && window.L) draw(place).catch((error) => { document.getElementById("problem").textContent = error.message; });
})();
