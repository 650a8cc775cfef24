"use strict";
// Draws vector tiles with Leaflet: a grid layer that reads Mapbox Vector Tiles and paints them on a canvas by the colours
// of a style's legend. Exact enough to look at a plan where MapLibre cannot run (it needs WebGL).
(() => {
  const EXTENT = 4096;
  const SIZE = 256;

  // One message of a protocol buffer: its fields, one after the other.
  function* fields(bytes) {
    let at = 0;
    const number = () => {
      let value = 0;
      let shift = 1;
      for (;;) {
        const byte = bytes[at++];
        value += (byte & 127) * shift;
        if (byte < 128) return value;
        shift *= 128;
      }
    };
    while (at < bytes.length) {
      const key = number();
      const type = key & 7;
      if (type === 0) yield [key >> 3, number()];
      else if (type === 1) yield [key >> 3, bytes.subarray(at, (at += 8))];
      else if (type === 5) yield [key >> 3, bytes.subarray(at, (at += 4))];
      else {
        const length = number();
        yield [key >> 3, bytes.subarray(at, (at += length))];
      }
    }
  }

  function numbers(bytes) {
    const found = [];
    let value = 0;
    let shift = 1;
    for (const byte of bytes) {
      value += (byte & 127) * shift;
      shift *= 128;
      if (byte < 128) {
        found.push(value);
        value = 0;
        shift = 1;
      }
    }
    return found;
  }

  const text = new TextDecoder();
  // Classes are text; other values do not matter for colours.
  const word = (bytes) => {
    for (const [field, value] of fields(bytes)) if (field === 1) return text.decode(value);
    return null;
  };

  function readLayer(bytes) {
    const layer = { name: "", keys: [], values: [], features: [] };
    for (const [field, value] of fields(bytes)) {
      if (field === 1) layer.name = text.decode(value);
      else if (field === 2) layer.features.push(value);
      else if (field === 3) layer.keys.push(text.decode(value));
      else if (field === 4) layer.values.push(word(value));
    }
    return layer;
  }

  function readFeature(bytes) {
    const feature = { tags: [], type: 0, geometry: [] };
    for (const [field, value] of fields(bytes)) {
      if (field === 2) feature.tags = numbers(value);
      else if (field === 3) feature.type = value;
      else if (field === 4) feature.geometry = numbers(value);
    }
    return feature;
  }

  // Runs the commands of a geometry; `move`, `line` and `close` take pixels.
  function run(geometry, pen) {
    const step = (value) => (value % 2 ? -(value + 1) / 2 : value / 2);
    let x = 0;
    let y = 0;
    for (let at = 0; at < geometry.length; ) {
      const command = geometry[at] & 7;
      const count = geometry[at++] >> 3;
      if (command === 7) {
        pen.close();
        continue;
      }
      for (let each = 0; each < count; each++) {
        x += step(geometry[at++]);
        y += step(geometry[at++]);
        const place = [(x * SIZE) / EXTENT, (y * SIZE) / EXTENT];
        if (command === 1) pen.move(...place);
        else pen.line(...place);
      }
    }
  }

  function paint(canvas, legend, feature, colour) {
    const { width = 1.5, radius = 5, fillOpacity = 0.25 } = legend.symbol;
    canvas.strokeStyle = colour;
    canvas.fillStyle = colour;
    canvas.lineWidth = width;
    if (feature.type === 1) {
      const dot = (x, y) => {
        canvas.beginPath();
        canvas.arc(x, y, radius, 0, 7);
        canvas.fill();
      };
      run(feature.geometry, { move: dot, line: dot, close: () => {} });
      return;
    }
    canvas.beginPath();
    run(feature.geometry, {
      move: (x, y) => canvas.moveTo(x, y),
      line: (x, y) => canvas.lineTo(x, y),
      close: () => canvas.closePath(),
    });
    if (feature.type === 3) {
      canvas.globalAlpha = fillOpacity;
      canvas.fill("evenodd");
      canvas.globalAlpha = 1;
    }
    canvas.stroke();
  }

  function draw(bytes, canvas, legends) {
    for (const [field, value] of fields(bytes)) {
      if (field !== 3) continue;
      const layer = readLayer(value);
      const legend = legends.get(layer.name);
      if (!legend) continue;
      const by = layer.keys.indexOf(legend.field);
      const colours = new Map(legend.entries.map((entry) => [entry.value, entry.color]));
      for (const body of layer.features) {
        const feature = readFeature(body);
        const at = feature.tags.findIndex((tag, place) => place % 2 === 0 && tag === by);
        const name = at < 0 ? null : layer.values[feature.tags[at + 1]];
        paint(canvas, legend, feature, colours.get(name) ?? colours.get(null));
      }
    }
  }

  const VectorTiles = L.GridLayer.extend({
    initialize(template, legends, options) {
      L.setOptions(this, options);
      this._template = template;
      this._legends = legends;
    },
    createTile(coords, done) {
      const tile = L.DomUtil.create("canvas");
      tile.width = tile.height = SIZE;
      fetch(L.Util.template(this._template, { x: coords.x, y: coords.y, z: coords.z }))
        .then((answer) => {
          if (!answer.ok) throw new Error(`${answer.status}`);
          return answer.status === 204 ? new ArrayBuffer(0) : answer.arrayBuffer();
        })
        .then((body) => {
          draw(new Uint8Array(body), tile.getContext("2d"), this._legends);
          done(null, tile);
        })
        .catch((error) => done(error, tile));
      return tile;
    },
  });

  const place = document.getElementById("map");
  const map = L.map(place).setView([21.0, 105.75], 10);
  fetch(place.dataset.style)
    .then((answer) => answer.json())
    .then((style) => {
      const legends = new Map(style.metadata["parkplan:legend"].map((legend) => [legend.collection, legend]));
      const source = style.sources.parkplan;
      new VectorTiles(source.tiles[0], legends, { maxNativeZoom: source.maxzoom, maxZoom: 22 }).addTo(map);
      window.parkplanMap = map;
    });
})();
