"""Test-case document 2.23: vendor-specific data."""

from octt.script import case


@case("TC_062_CS")
def test_data_transfer(station):
    """Data for a vendor the station does not know is not accepted.

    The document passes Accepted with a warning, against its own expected result: it becomes a remark.
    """
    reply = station.call(
        "DataTransfer", vendorId="org.example.octt.unknown", messageId="test", data="", step=1
    )
    reply.returns(status={"Rejected", "UnknownMessageId", "UnknownVendorId", "Accepted"}, cite="OCPP 1.6 5.6")
    if reply.payload.get("status") == "Accepted":
        station.remark("DataTransfer for an unknown vendor was Accepted", reply.seen, "OCPP 1.6 5.6")
