"""A question that takes too long ends, and writing does not."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from layers.catalogue import shipped_definitions
from layers.errors import QueryTimeError, StoreError
from layers.store import Put, Store
from layers.store.limits import limit_queries
from layers.store.pages import _shared, feature_page
from layers.store.statements import Statement
from tests.layers.test_pages import sites

#: Counts to more than any machine does in the time.
ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
#: More than what is asked in earnest takes on a busy machine.
PATIENT_S = 60.0


def test_a_reading_question_ends_when_its_time_is_over(store: Store) -> None:
    limit_queries(store.core.engine, 0.3)
    with pytest.raises(QueryTimeError) as caught, store.core.reading() as connection:
        connection.execute(sa.text(ENDLESS)).all()
    assert "smaller area" in caught.value.message("en")
    assert "thu hẹp" in caught.value.message("vi")
    with pytest.raises(QueryTimeError):
        _shared(store.core).driver.fetch(Statement(ENDLESS, () if "gpkg" in store.url else None, {}, {}, {}), {})
    limit_queries(store.core.engine, PATIENT_S)
    definition, features = sites()
    store.add_layer(definition)
    store.commit([Put("sites", features)], author="a", message="m")
    assert len(feature_page(store, "sites", limit=50).features) == 40
    assert store.count("sites") == 40


def test_writing_may_take_longer(store: Store) -> None:
    limit_queries(store.core.engine, 0.05)
    counting = ENDLESS.replace("FROM n)", "FROM n WHERE i < 400000)")
    with store.core.writing() as connection:
        assert connection.execute(sa.text(counting)).scalar() == 400_000
    limit_queries(store.core.engine, PATIENT_S)
    store.add_layer(shipped_definitions()["gas"])
    assert "gas" in store.layers()


def test_other_failures_stay_what_they_are(store: Store) -> None:
    with pytest.raises(StoreError) as caught, store.core.reading() as connection:
        connection.execute(sa.text("SELECT nothing FROM nowhere"))
    assert not isinstance(caught.value, QueryTimeError)
