"use strict";
// Shows vector tiles in their style with MapLibre. Its worker comes from a file of our own, as the page's policy wants.
(() => {
  const place = document.getElementById("map");
  maplibregl.setWorkerUrl(place.dataset.worker);
  const map = new maplibregl.Map({
    container: "map",
    style: place.dataset.style,
    center: [105.75, 21.0],
    zoom: 9,
    hash: true,
    // Pixels can be read and printed.
    canvasContextAttributes: { preserveDrawingBuffer: true },
  });
  map.addControl(new maplibregl.NavigationControl());
  window.parkplanMap = map;
})();
