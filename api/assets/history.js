/* What changed between two states, drawn: how things were dashed, how they are filled; rows and shapes lead to each other. */
(function () {
  "use strict";

  const place = document.getElementById("map");
  if (!place || !window.L) return;
  const STYLES = {
    before: { color: "#a3271b", weight: 2, dashArray: "5 4", fillOpacity: 0.12 },
    after: { color: "#1c6b45", weight: 2, fillOpacity: 0.2 },
  };
  const CLOSE_ZOOM = 17;
  const rows = new Map();
  for (const row of document.querySelectorAll(".changed")) rows.set(`${row.dataset.layer}/${row.dataset.feature}`, row);
  const map = L.map(place, { zoomSnap: 0.25, attributionControl: false }).setView([21.03, 105.82], 10);
  L.control.scale({ imperial: false }).addTo(map);
  const sides = { before: L.featureGroup().addTo(map), after: L.featureGroup().addTo(map) };
  const drawn = new Map();

  function choose(key, scroll) {
    for (const row of document.querySelectorAll(".changed.chosen")) row.classList.remove("chosen");
    const row = rows.get(key);
    if (!row) return;
    row.classList.add("chosen");
    if (scroll) row.scrollIntoView({ block: "nearest", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
  }

  function popup(properties) {
    const box = document.createElement("div");
    const title = document.createElement("strong");
    title.textContent = properties.title || properties.feature;
    const what = document.createElement("p");
    what.textContent = place.dataset[properties.operation] + " · " + place.dataset[properties.state];
    box.append(title, what);
    return box;
  }

  function draw(feature) {
    if (!feature.geometry) return;
    const { layer, feature: id, state } = feature.properties;
    const key = `${layer}/${id}`;
    const shape = L.geoJSON(feature, {
      style: STYLES[state],
      pointToLayer: (_, at) => L.circleMarker(at, { ...STYLES[state], radius: state === "before" ? 9 : 6 }),
    });
    shape.bindPopup(() => popup(feature.properties));
    shape.on("click", () => choose(key, true));
    shape.addTo(sides[state]);
    if (!drawn.has(key)) drawn.set(key, L.featureGroup());
    drawn.get(key).addLayer(shape);
  }

  function show(bounds) {
    if (bounds.isValid()) map.fitBounds(bounds, { padding: [30, 30], maxZoom: CLOSE_ZOOM, animate: false });
  }

  async function load(url) {
    const answer = await fetch(url, { headers: { Accept: "application/geo+json" } });
    const document_ = await answer.json();
    if (!answer.ok) throw new Error(document_.detail);
    document_.features.forEach(draw);
    show(L.featureGroup([sides.before, sides.after]).getBounds());
    for (const [key, row] of rows) {
      const button = row.querySelector(".place");
      if (!button) continue;
      if (!drawn.has(key)) button.remove();
      else button.addEventListener("click", () => { choose(key, false); show(drawn.get(key).getBounds()); place.scrollIntoView({ block: "nearest" }); });
    }
    place.dataset.ready = "true";
  }

  for (const box of document.querySelectorAll("[data-side]")) {
    box.addEventListener("change", () => {
      const side = sides[box.dataset.side];
      if (box.checked) side.addTo(map);
      else side.remove();
    });
  }
  load(place.dataset.url).catch((error) => { document.getElementById("problem").textContent = error.message; });
})();
