"""What QGIS does: its own Python runs this file, with steps as JSON, and tells as JSON what came of each.

It is no part of the tests' environment: nothing of Parkplan is imported here, so that QGIS stands alone as at a user's.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from qgis.core import (
    Qgis,
    QgsApplication,
    QgsAuthMethodConfig,
    QgsCategorizedSymbolRenderer,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransformContext,
    QgsDataCollectionItem,
    QgsDataSourceUri,
    QgsFeature,
    QgsFeatureRequest,
    QgsGeometry,
    QgsLayerItem,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
    QgsSettings,
    QgsVectorFileWriter,
    QgsVectorLayer,
    QgsVectorTileLayer,
    QgsWkbTypes,
)
from qgis.PyQt.QtCore import QDate, QSize
from qgis.PyQt.QtGui import QColor

Json = dict[str, Any]
DIGITS = 9


class Session:
    """One QGIS with its layers by name, which does what steps say."""

    def __init__(self, headers: dict[str, str]) -> None:
        self.layers: dict[str, Any] = {}
        self.auth = ""
        manager = QgsApplication.authManager()
        if headers:
            manager.setMasterPassword("x", True)
            config = QgsAuthMethodConfig()
            config.setName("parkplan")
            config.setMethod("APIHeader")
            for name, value in headers.items():
                config.setConfig(name, value)
            manager.storeAuthenticationConfig(config)
            self.auth = config.id()

    # Layers ----------------------------------------------------------------------------------------------------------

    def collections(self, url: str) -> list[Json]:
        """The layers that the browser shows for a connection."""
        settings = QgsSettings()
        key = "connections/ows/items/wfs/connections/items/parkplan"
        for old in (key, "qgis/connections-wfs/parkplan"):
            settings.setValue(f"{old}/url", url)
            settings.setValue(f"{old}/version", "OGC_API_FEATURES")
            settings.setValue(f"{old}/authcfg", self.auth)
        provider = QgsApplication.dataItemProviderRegistry().provider("WFS")
        item = provider.createDataItem("wfs:/parkplan", None)
        assert isinstance(item, QgsDataCollectionItem), item
        return [
            {"name": child.name(), "uri": child.uri()}
            for child in item.createChildren()
            if isinstance(child, QgsLayerItem)
        ]

    def open(self, url: str, layer: str, name: str = "", **parameters: str) -> Json:
        """A collection as a layer."""
        uri = QgsDataSourceUri()
        for key, value in {"url": url, "typename": layer, "restrictToRequestBBOX": "1", **parameters}.items():
            uri.setParam(key, value)
        if self.auth:
            uri.setAuthConfigId(self.auth)
        return self._kept(name or layer, QgsVectorLayer(uri.uri(False), layer, "OAPIF"))

    def file(self, path: str, layer: str, name: str = "") -> Json:
        """A layer of a file, with the style that lies in it."""
        return self._kept(name or layer, QgsVectorLayer(f"{path}|layername={layer}" if layer else path, layer, "ogr"))

    def _kept(self, name: str, layer: Any) -> Json:
        if not layer.isValid():
            return {"valid": False, "error": layer.error().message()}
        self.layers[name] = layer
        provider = layer.dataProvider()
        renderer = layer.renderer()
        classes = []
        if isinstance(renderer, QgsCategorizedSymbolRenderer):
            classes = [[one.value(), one.label(), one.symbol().color().name()] for one in renderer.categories()]
        return {
            "valid": True,
            "name": layer.name(),
            "title": provider.layerMetadata().title(),
            "crs": layer.crs().authid(),
            "count": layer.featureCount(),
            "extent": [getattr(layer.extent(), name)() for name in ("xMinimum", "yMinimum", "xMaximum", "yMaximum")],
            "type": QgsWkbTypes.displayString(layer.wkbType()),
            "editable": sorted(part.strip() for part in provider.capabilitiesString().split(",")),
            "fields": [
                {
                    "name": field.name(),
                    "type": field.type().name if hasattr(field.type(), "name") else str(field.type()),
                    "alias": layer.attributeAlias(index),
                    "widget": layer.editorWidgetSetup(index).type(),
                    "values": layer.editorWidgetSetup(index).config().get("map"),
                }
                for index, field in enumerate(layer.fields())
            ],
            "classes": classes,
            "by": renderer.classAttribute() if classes else "",
        }

    def filter(self, name: str, text: str) -> Json:
        """Set the filter of a layer, in QGIS' own language."""
        return {"ok": self.layers[name].setSubsetString(text)}

    def read(self, name: str, *, bbox: list[float] | None = None, expression: str = "", reload: bool = False) -> Json:
        """Features of a layer."""
        layer = self.layers[name]
        if reload:
            layer.dataProvider().reloadData()
        request = QgsFeatureRequest()
        if bbox:
            request.setFilterRect(QgsRectangle(*bbox))
        if expression:
            request.setFilterExpression(expression)
        features = [
            {
                "attributes": {key: _plain(value) for key, value in feature.attributeMap().items()},
                "wkt": feature.geometry().asWkt(DIGITS) if feature.hasGeometry() else None,
            }
            for feature in layer.getFeatures(request)
        ]
        return {"features": features, "errors": list(layer.dataProvider().errors())}

    # Edits -----------------------------------------------------------------------------------------------------------

    def add(self, name: str, *, wkt: str | None = None, **attributes: Any) -> Json:
        """Add a feature, and save."""
        layer = self.layers[name]
        feature = QgsFeature(layer.fields())
        if wkt:
            feature.setGeometry(QgsGeometry.fromWkt(wkt))
        for key, value in attributes.items():
            feature[key.rstrip("_")] = _value(layer, key.rstrip("_"), value)
        return self._saved(layer, lambda: layer.addFeature(feature))

    def change(self, name: str, which: str, **attributes: Any) -> Json:
        """Change attributes of a feature, and save."""
        layer = self.layers[name]
        fid = self._fid(layer, which)
        return self._saved(
            layer,
            lambda: all(
                layer.changeAttributeValue(fid, layer.fields().indexOf(key), _value(layer, key, value))
                for key, value in attributes.items()
            ),
        )

    def shape(self, name: str, which: str, wkt: str) -> Json:
        """Give a feature another geometry, and save."""
        layer = self.layers[name]
        fid = self._fid(layer, which)
        return self._saved(layer, lambda: layer.changeGeometry(fid, QgsGeometry.fromWkt(wkt)))

    def vertex(self, name: str, which: str, x: float, y: float) -> Json:
        """Move the second vertex of a feature, and save."""
        layer = self.layers[name]
        fid = self._fid(layer, which)
        return self._saved(layer, lambda: layer.moveVertex(x, y, fid, 1))

    def delete(self, name: str, which: str) -> Json:
        """Delete a feature, and save."""
        layer = self.layers[name]
        fid = self._fid(layer, which)
        return self._saved(layer, lambda: layer.deleteFeature(fid))

    def save(self, name: str) -> Json:
        """Go into editing and save without having changed anything."""
        layer = self.layers[name]
        return self._saved(layer, lambda: True)

    @staticmethod
    def _fid(layer: Any, which: str) -> int:
        key = "id" if layer.fields().indexOf("id") >= 0 else "feature_id"
        found = [feature.id() for feature in layer.getFeatures() if feature[key] == which]
        assert len(found) == 1, (which, found)
        return int(found[0])

    @staticmethod
    def _saved(layer: Any, act: Any) -> Json:
        begun = layer.startEditing()
        done = act()
        saved = layer.commitChanges()
        errors = layer.commitErrors()
        if not saved:
            layer.rollBack()
        return {"begun": begun, "done": done, "saved": saved, "errors": [text.strip() for text in errors]}

    def save_as(self, name: str, path: str, driver: str, layer: str = "") -> Json:
        """Save the features of a layer into a new file, as the dialogue of the same name does."""
        options = QgsVectorFileWriter.SaveVectorOptions()
        options.driverName = driver
        options.fileEncoding = "UTF-8"
        options.layerName = layer or name
        if Path(path).exists():
            options.actionOnExistingFile = QgsVectorFileWriter.CreateOrOverwriteLayer
        code, text, *_ = QgsVectorFileWriter.writeAsVectorFormatV3(
            self.layers[name], path, QgsCoordinateTransformContext(), options
        )
        return {"ok": code == QgsVectorFileWriter.NoError, "error": text}

    # Maps ------------------------------------------------------------------------------------------------------------

    def vector_tiles(self, name: str, url: str, style: str) -> Json:
        """Vector tiles by their address, drawn in the style at another."""
        uri = QgsDataSourceUri()
        for key, value in {"type": "xyz", "url": url, "styleUrl": style, "zmin": "0", "zmax": "14"}.items():
            uri.setParam(key, value)
        if self.auth:
            uri.setAuthConfigId(self.auth)
        layer = QgsVectorTileLayer(bytes(uri.encodedUri()).decode(), name)
        if not layer.isValid():
            return {"valid": False, "error": layer.error().message()}
        self.layers[name] = layer
        warnings: list[str] = []
        error, ok = layer.loadDefaultStyle()
        styles = [[one.styleName(), one.layerName()] for one in layer.renderer().styles()]
        return {"valid": True, "styled": ok, "error": error, "warnings": list(warnings), "styles": styles}

    def raster_tiles(self, name: str, url: str) -> Json:
        """Pictures of a web map by their address."""
        uri = QgsDataSourceUri()
        for key, value in {"type": "xyz", "url": url, "zmin": "0", "zmax": "18"}.items():
            uri.setParam(key, value)
        layer = QgsRasterLayer(bytes(uri.encodedUri()).decode(), name, "wms")
        if layer.isValid():
            self.layers[name] = layer
        return {"valid": layer.isValid(), "error": layer.error().message()}

    def render(self, names: list[str], extent: list[float], path: str, size: int = 512) -> Json:
        """Draw layers into a picture, and tell how many of its points have each colour."""
        settings = QgsMapSettings()
        settings.setLayers([self.layers[name] for name in names])
        settings.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:3857"))
        settings.setExtent(QgsRectangle(*extent))
        settings.setOutputSize(QSize(size, size))
        settings.setBackgroundColor(QColor("white"))
        job = QgsMapRendererParallelJob(settings)
        job.start()
        job.waitForFinished()
        picture = job.renderedImage()
        picture.save(path)
        counts: dict[str, int] = {}
        for x in range(size):
            for y in range(size):
                colour = picture.pixelColor(x, y).name()
                counts[colour] = counts.get(colour, 0) + 1
        return {"colours": counts, "errors": [error.message for error in job.errors()]}

    def project(self, path: str) -> Json:
        """A project that lies in a file, with its layers from the top down."""
        project = QgsProject.instance()
        ok = project.read(path)
        names = [node.name() for node in project.layerTreeRoot().findLayers()]
        layers = {layer.name(): self._kept(layer.name(), layer) for layer in project.mapLayers().values()}
        return {"ok": ok, "title": project.title(), "names": names, "layers": layers}


def _plain(value: Any) -> Any:
    if value is None or (hasattr(value, "isNull") and value.isNull()):
        return None
    if isinstance(value, QDate):
        return value.toString("yyyy-MM-dd")
    return value if isinstance(value, str | int | float | bool) else str(value)


def _value(layer: Any, key: str, value: Any) -> Any:
    index = layer.fields().indexOf(key)
    assert index >= 0, (key, layer.fields().names())
    if layer.fields()[index].typeName() == "Date" and isinstance(value, str):
        return QDate.fromString(value, "yyyy-MM-dd")
    return value


def main(place: Path) -> None:
    """Do the steps of a job, and write what came of them beside it."""
    job = json.loads(place.read_text(encoding="utf-8"))
    QgsApplication.setPrefixPath("/usr", True)
    application = QgsApplication([], False)
    application.initQgis()
    said: list[str] = []
    QgsApplication.messageLog().messageReceived.connect(lambda text, tag, _: said.append(f"{tag}: {text}"))
    qgis = Session(job["headers"])
    results = []
    for step in job["steps"]:
        # An attribute may be called as an argument is.
        arguments = dict(step)
        results.append(getattr(qgis, arguments.pop("do"))(**arguments))
    told = {"version": Qgis.QGIS_VERSION, "results": results, "said": said}
    place.with_suffix(".result").write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
    QgsProject.instance().clear()
    qgis.layers.clear()
    application.exitQgis()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
