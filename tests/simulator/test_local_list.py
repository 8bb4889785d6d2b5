"""The Local Authorization List."""

from hypothesis import given
from hypothesis import strategies as st

from octt.simulator.parts.local_list import LocalAuthList

TAGS = st.sampled_from(["A", "a", "B", "C", "D"])
INFO = st.sampled_from(["Accepted", "Blocked", "Expired", "Invalid"]).map(lambda status: {"status": status})
FULL = st.fixed_dictionaries({"idTag": TAGS, "idTagInfo": INFO})
CHANGE = st.fixed_dictionaries({"idTag": TAGS}, optional={"idTagInfo": INFO})


def entry(id_tag, status="Accepted", **more):
    return {"idTag": id_tag, "idTagInfo": {"status": status, **more}}


@given(
    st.lists(
        st.tuples(st.integers(-1, 12), st.just("Full"), st.lists(FULL | CHANGE, max_size=6))
        | st.tuples(st.integers(-1, 12), st.just("Differential"), st.lists(CHANGE, max_size=6)),
        max_size=12,
    )
)
def test_every_update_is_applied_wholly_or_not_at_all(updates):
    store = LocalAuthList(most=3, most_sent=4)
    model, version = {}, 0
    for new_version, update_type, update in updates:
        reported = version if model else 0
        names = [one["idTag"].lower() for one in update]
        if update_type == "Differential" and new_version <= reported:
            expected = "VersionMismatch"
        else:
            changed = {} if update_type == "Full" else dict(model)
            for one in update:
                if "idTagInfo" in one:
                    changed[one["idTag"].lower()] = one["idTagInfo"]["status"]
                else:
                    changed.pop(one["idTag"].lower(), None)
            sound = (
                len(names) == len(set(names)) and new_version > 0 and len(update) <= 4 and len(changed) <= 3
            )
            complete = update_type == "Differential" or all("idTagInfo" in one for one in update)
            expected = "Accepted" if sound and complete else "Failed"
        assert store.send(new_version, update_type, update) == expected
        if expected == "Accepted":
            model, version = changed, new_version
        assert store.reported_version == (version if model else 0)
        for id_tag in "ABCD":
            found = store.lookup(id_tag, 0)
            assert (found["status"] if found else None) == model.get(id_tag.lower())
        copy = LocalAuthList()
        copy.restore(store.dump())
        assert (copy.version, copy.entries) == (store.version, store.entries)


def test_versions_as_in_tc_042_2_and_tc_043_2():
    store = LocalAuthList()
    assert store.send(1, "Full", []) == "Accepted"
    assert store.reported_version == 0
    assert store.send(2, "Full", [entry("A")]) == "Accepted"
    assert store.reported_version == 2
    assert store.send(5, "Differential", [entry("B")]) == "Accepted"
    assert store.send(4, "Differential", [entry("C")]) == "VersionMismatch"
    assert store.send(5, "Differential", [entry("C")]) == "VersionMismatch"
    assert store.reported_version == 5
    assert store.send(3, "Full", [entry("C")]) == "Accepted"
    assert store.reported_version == 3
    assert store.lookup("A", 0) is None


def test_a_differential_update_that_does_not_fit_changes_nothing():
    store = LocalAuthList(most=2, most_sent=3)
    store.send(1, "Full", [entry("A")])
    assert store.send(2, "Differential", [entry("A", "Blocked"), entry("B"), entry("C")]) == "Failed"
    assert (store.version, store.entries) == (1, {"a": {"status": "Accepted"}})


def test_an_entry_expires():
    store = LocalAuthList()
    store.send(1, "Full", [entry("A", expiryDate="1970-01-01T00:01:00Z", parentIdTag="P")])
    assert store.lookup("a", 59)["status"] == "Accepted"
    assert store.lookup("a", 60) == {
        "status": "Expired",
        "expiryDate": "1970-01-01T00:01:00Z",
        "parentIdTag": "P",
    }


def test_a_broken_store_and_an_unreadable_date_change_nothing():
    store = LocalAuthList()
    store.send(1, "Full", [entry("A")])
    assert store.send(2, "Full", [entry("B", expiryDate="soon")]) == "Failed"
    store.broken = True
    assert store.send(2, "Full", [entry("B")]) == "Failed"
    assert (store.reported_version, list(store.entries)) == (1, ["a"])
