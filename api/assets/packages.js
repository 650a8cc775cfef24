/* Packages: an area is chosen on a map, and a job is followed until it ends. */
(function () {
  "use strict";

  const { prefix, language } = document.body.dataset;
  const POLL_MS = 700;
  const DIGITS = 5;

  async function read(answer) {
    const document_ = await answer.json();
    if (!answer.ok) throw new Error(document_.detail || answer.statusText);
    return document_;
  }

  /* ---- a job ---------------------------------------------------------------------------------------------------- */

  async function follow(box) {
    for (;;) {
      const status = await read(await fetch(`${prefix}/jobs/${box.dataset.job}?f=json&lang=${language}`));
      if (!["accepted", "running"].includes(status.status)) break;
      box.querySelector("progress").value = status.progress;
      box.querySelector("p").textContent = status.message;
      await new Promise((done) => setTimeout(done, POLL_MS));
    }
    location.reload();
  }

  const followed = document.getElementById("follow");
  if (followed) follow(followed).catch((error) => { followed.querySelector("p").textContent = error.message; });

  /* ---- an area -------------------------------------------------------------------------------------------------- */

  const place = document.getElementById("area-map");
  if (!place) return;

  const form = document.getElementById("make");
  const { area, park } = form.elements;
  const draw = document.getElementById("draw");
  const hint = document.getElementById("drawing");
  const map = L.map(place, { attributionControl: false, preferCanvas: true, doubleClickZoom: false });
  const shown = { box: null, parks: new Map(), corner: null };
  map.setView([21.03, 105.7], 10);
  L.control.scale({ imperial: false }).addTo(map);

  function boundsOf(text) {
    const [west, south, east, north] = text.split(",").map(Number);
    return [west, south, east, north].every(Number.isFinite) ? L.latLngBounds([[south, west], [north, east]]) : null;
  }

  function show() {
    if (shown.box) shown.box.remove();
    const bounds = boundsOf(area.value);
    shown.box = bounds && bounds.isValid() ? L.rectangle(bounds, { color: "#b3261e", weight: 2, fillOpacity: 0.08 }).addTo(map) : null;
    for (const [id, layer] of shown.parks) {
      const chosen = park && park.value === id;
      layer.setStyle({ color: chosen ? "#b3261e" : "#0b5d78", weight: chosen ? 4 : 1.5 });
    }
  }

  function take(bounds) {
    area.value = [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()].map((one) => one.toFixed(DIGITS)).join(",");
    if (park) park.value = "";
    show();
  }

  function drawing(on) {
    draw.setAttribute("aria-pressed", String(on));
    hint.hidden = !on;
    place.classList.toggle("drawing", on);
    shown.corner = null;
  }

  draw.addEventListener("click", () => drawing(draw.getAttribute("aria-pressed") !== "true"));
  document.getElementById("view").addEventListener("click", () => { drawing(false); take(map.getBounds()); });
  document.getElementById("clear").addEventListener("click", () => {
    drawing(false);
    area.value = "";
    if (park) park.value = "";
    show();
  });
  area.addEventListener("change", () => { if (area.value && park) park.value = ""; show(); });
  if (park) {
    park.addEventListener("change", () => {
      if (park.value) area.value = "";
      show();
      const layer = shown.parks.get(park.value);
      if (!layer) return;
      if (layer.getBounds) map.fitBounds(layer.getBounds().pad(0.6), { maxZoom: 15, animate: false });
      else map.setView(layer.getLatLng(), 14, { animate: false });
    });
  }
  map.on("click", (event) => {
    if (draw.getAttribute("aria-pressed") !== "true") return;
    if (!shown.corner) {
      shown.corner = event.latlng;
      return;
    }
    take(L.latLngBounds([shown.corner, event.latlng]));
    drawing(false);
  });

  function drawParks(collection) {
    L.geoJSON(collection, {
      filter: (feature) => feature.geometry !== null,
      style: { color: "#0b5d78", weight: 1.5, fillOpacity: 0.15 },
      pointToLayer: (_, where) => L.circleMarker(where, { radius: 6 }),
      onEachFeature: (feature, layer) => {
        shown.parks.set(String(feature.id), layer);
        /* Text reaches the page as text nodes only. */
        const name = document.createElement("span");
        name.textContent = feature.properties.name_vi || feature.id;
        layer.bindTooltip(name);
        layer.on("click", (event) => {
          if (draw.getAttribute("aria-pressed") === "true") return;
          L.DomEvent.stop(event);
          park.value = String(feature.id);
          park.dispatchEvent(new Event("change"));
        });
      },
    }).addTo(map);
    show();
  }

  if (park) fetch(`${prefix}/collections/parks/items?limit=1000&f=json`).then(read).then(drawParks).catch(() => show());
  else show();
  window.Parkplan = { area: { map, take } };
})();
