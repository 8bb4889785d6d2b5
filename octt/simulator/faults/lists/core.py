"""The faults of the Core and RemoteTrigger profiles and of the protocol, and the checks that must notice them."""

from __future__ import annotations

from octt.simulator.faults.fault import Fault, register, steps

_FAMILIES = {
    # booting and heartbeats
    "boot-retry": "boot-retry:never asks no more after Pending or Rejected",
    "boot-retry-factor": "boot-retry-factor=F waits F times the interval before the next BootNotification",
    "boot-on-reconnect": "sends BootNotification whenever it reconnects",
    "boot-status": "boot-status:CONNECTOR=Status reports that status after a boot",
    "talk-before-accepted": "sends all messages before BootNotification is accepted",
    "no-heartbeat": "sends no heartbeats",
    "heartbeat-factor": "heartbeat-factor=F beats at F times the interval",
    # statuses
    "status-missing": "status-missing:Status never reports that status",
    "wrong-status": "wrong-status:Status=Other reports another status instead",
    "illegal-status": "reports Reserved on the way to Charging, which is no allowed transition",
    "connector-silent": "connector-silent:CONNECTOR never reports that connector's status (0: the station's)",
    "reconnect-silent": "does not report statuses that changed while offline",
    "inoperative-forever": "never becomes operative again",
    "availability-forgotten": "forgets over a reboot that it was set Inoperative",
    # identification
    "no-authorize": "accepts every idTag without asking",
    "accept-any-id": "starts with an idTag that the Central System refused",
    "authorize-other-id": "asks about another idTag although nothing can come of it",
    "ignore-cache": "asks the Central System although list or cache know the idTag",
    "nothing-cached": "never remembers an idTag",
    "offline-refused": "starts nothing while offline",
    "permit-forever": "an authorization without a cable never ends",
    "timeout-factor": "timeout-factor=F ends it after F times ConnectionTimeOut",
    "remote-authorization-inverted": "does the opposite of AuthorizeRemoteTxRequests",
    "stop-with-any-id": "any idTag stops the transaction",
    "no-local-stop": "the starting idTag does not stop the transaction",
    "parent-ignored": "the same parentIdTag does not stop the transaction",
    "parent-unasked": "stops for another idTag without authorizing it",
    # transactions
    "start-when-faulted": "starts a transaction on a faulted connector",
    "start-despite-lock-failure": "starts a transaction although the lock could not close",
    "lock-failure-unnoticed": "does not report that the lock could not close",
    "invalid-id-ignored": "charges on when StartTransaction.conf refuses the idTag",
    "transaction-forgotten": "does not end a transaction that a power loss interrupted",
    "resumed-end-silent": "resumes transactions after a power loss and does not report their end as a status",
    "lost-offline": "lost-offline:Action does not keep that message while offline",
    "queue-forgotten": "forgets queued messages over a reboot",
    "reorder-transactions": "delivers what was queued while offline in reverse order",
    # meter values
    "meter-backwards": "the register falls",
    "sample-factor": "sample-factor=F samples at F times the interval",
    "aligned-factor": "aligned-factor=F sends clock-aligned values at F times the interval",
    "aligned-shift": "aligned-shift=S sends clock-aligned values S seconds off",
    "measurand-missing": "measurand-missing:Measurand leaves that measurand out",
    # configuration
    "key-unknown": "key-unknown:Key says it does not know that key when asked for it",
    "key-missing": "key-missing:Key leaves that key out of the full list",
    "key-ignored": "key-ignored:Key says nothing of that key when asked for it",
    "key-readonly": "key-readonly:Key reports the opposite accessibility",
    "key-readable": "key-readable:Key shows the value of a write-only key",
    "key-value": "key-value:Key=value reports another value",
    "change-forgotten": "change-forgotten:Key accepts a change and does not make it",
    "any-key-accepted": "accepts changes of keys it does not have",
    "any-value-accepted": "accepts values that make no sense",
    # the rest
    "reset-without-close": "drops the connection at a reset instead of closing it",
    "trigger-refused": "trigger-refused:Message answers Rejected to that trigger",
    "trigger-silent": "trigger-silent:Message accepts that trigger and sends nothing",
    "trigger-rejected-yet-sent": "rejects a trigger for an unknown connector and sends the message all the same",
    "hang-after": "hang-after:Action=S answers nothing more after that call, for S seconds",
    "reserve-unsupported": "reserve-unsupported=Status answers ReserveNow so without the profile",
}


_FAULTS = [
    # booting and heartbeats
    Fault("boot-retry-factor=0.3", "asks again before the interval is over", steps("TC_001 3", "TC_002 7")),
    Fault("boot-retry:never", "does not ask again after Pending or Rejected", steps("TC_001 3")),
    Fault(
        "boot-status:2=Unavailable",
        "connector 2 is not Available after a boot",
        steps(
            "TC_001 5", "TC_002 9", "TC_013 9", "TC_014 9", "TC_015 9", "TC_016 9", "TC_032_1 7", "TC_032_2 3"
        ),
    ),
    Fault(
        "boot-status:1=Unavailable",
        "an occupied connector is Unavailable after a boot",
        steps("TC_015 9", "TC_016 9", "TC_032_1 7", "TC_032_2 3"),
    ),
    Fault("no-heartbeat", "never beats", steps("TC_001 7", "TC_002 11")),
    Fault("heartbeat-factor=3", "beats at three times the interval", steps("TC_001 7", "TC_002 11")),
    Fault(
        "availability-forgotten",
        "is operative again after a reboot",
        steps("TC_013 9", "TC_014 9", "TC_034 7"),
    ),
    # statuses
    Fault(
        "status-missing:Preparing",
        "does not report Preparing",
        steps("TC_003 1", "TC_061 1", "TC_011_1 7", "TC_023 1"),
    ),
    Fault("wrong-status:Preparing=Reserved", "reports Reserved for Preparing", steps("TC_011_2 7")),
    Fault("wrong-status:Preparing=Finishing", "reports Finishing for Preparing", steps("TC_024 7")),
    Fault("status-missing:Preparing@2", "does not report every second Preparing", steps("TC_007 1")),
    Fault(
        "status-missing:Charging",
        "does not report Charging",
        steps("TC_003 7", "TC_004_1 5", "TC_011_1 11"),
    ),
    Fault("status-missing:Charging@2", "does not report every second Charging", steps("TC_007 7")),
    Fault(
        "status-missing:Finishing",
        "does not report Finishing",
        steps(
            *("TC_068 5", "TC_069 5", "TC_005_1 3", "TC_005_2 3", "TC_005_3 5", "TC_012 5", "TC_015 5"),
            *("TC_016 5", "TC_018_1 5", "TC_032_1 3", "TC_038 3"),
        ),
    ),
    Fault("status-missing:Finishing@2", "does not report every second Finishing", steps("TC_037_3 7")),
    Fault("status-missing:SuspendedEV", "does not report SuspendedEV", steps("TC_005_3 1")),
    Fault("status-missing:SuspendedEVSE", "does not report SuspendedEVSE", steps("TC_037_2 5")),
    Fault("status-missing:Faulted", "does not report Faulted", steps("TC_024 9", "TC_041 1")),
    Fault(
        "status-missing:Unavailable",
        "does not report Unavailable",
        steps("TC_013 3", "TC_014 3", "TC_034 3"),
    ),
    Fault(
        "reconnect-silent",
        "does not report what changed while offline",
        steps("TC_037_1 3", "TC_037_2 3", "TC_037_3 3", "TC_038 3"),
    ),
    Fault("omit:StatusNotification.info", "does not say that the EV left", steps("TC_005_3 1")),
    Fault(
        "set:StatusNotification[status=Faulted].errorCode=OtherError",
        "reports a lock failure as another error",
        steps("TC_024 9"),
    ),
    # identification
    Fault("permit-forever", "an authorization never times out", steps("TC_004_2 2")),
    Fault("permit-forever@1", "an authorization never ends", steps("TC_061 3")),
    Fault("timeout-factor=100", "an authorization times out too late", steps("TC_011_2 9")),
    Fault("timeout-factor=0.3", "an authorization times out too early", steps("TC_004_2 2", "TC_011_2 9")),
    Fault("accept-any-id", "starts with a refused idTag", steps("TC_023 result")),
    Fault("authorize-other-id", "asks about an idTag that cannot matter", steps("TC_068 1")),
    Fault("stop-with-any-id", "any idTag stops the transaction", steps("TC_068 1", "TC_069 1")),
    Fault("parent-unasked", "stops for another idTag unasked", steps("TC_069 1")),
    Fault("ignore-cache", "asks about a cached idTag", steps("TC_007 implied")),
    Fault("ignore:ClearCache", "keeps the cache", steps("TC_061 7")),
    # transactions
    Fault(
        "set:StopTransaction.reason=Other",
        "ends every transaction with reason Other",
        steps(
            *("TC_005_1 1", "TC_005_2 1", "TC_005_3 7", "TC_012 3", "TC_015 3", "TC_016 3", "TC_018_1 3"),
            *("TC_032_1 1", "TC_032_2 5", "TC_037_3 5", "TC_038 1", "TC_039 3"),
        ),
    ),
    Fault(
        "set:StopTransaction.idTag=OTHERTAG",
        "names another idTag in StopTransaction",
        steps("TC_068 3", "TC_069 3"),
    ),
    Fault("start-despite-lock-failure", "starts with an open lock", steps("TC_024 result")),
    Fault("lock-failure-unnoticed", "does not notice that the lock is open", steps("TC_024 9")),
    Fault("start-when-faulted", "starts while faulted", steps("TC_041 3")),
    Fault("invalid-id-ignored", "charges on for a refused idTag", steps("TC_037_2 5", "TC_037_3 5")),
    Fault("transaction-forgotten", "forgets the transaction over a power loss", steps("TC_032_2 5")),
    Fault("resumed-end-silent", "reports no status when a resumed transaction ends", steps("TC_032_2 7")),
    Fault(
        "lost-offline:StopTransaction", "loses StopTransaction while offline", steps("TC_038 1", "TC_039 3")
    ),
    Fault("lost-offline:MeterValues", "loses MeterValues while offline", steps("TC_036 1")),
    Fault("reorder-transactions", "delivers queued messages in reverse order", steps("TC_036 1")),
    # meter values
    Fault(
        "sample-factor=3",
        "samples at three times the interval",
        steps("TC_070 1", "TC_036 1"),
    ),
    Fault("aligned-factor=3", "clock-aligned values at three times the interval", steps("TC_071 1")),
    Fault("aligned-shift=0.8", "clock-aligned values beside the clock", steps("TC_071 1")),
    Fault(
        "set:MeterValues.meterValue.*.sampledValue.*.context=Other",
        "gives meter values the context Other",
        steps("TC_036 1", "TC_070 1", "TC_071 1"),
    ),
    Fault(
        "measurand-missing:Energy.Active.Import.Register",
        "leaves the energy register out",
        steps("TC_036 1", "TC_070 1", "TC_071 1"),
    ),
    # configuration
    Fault(
        "key-unknown:AuthorizeRemoteTxRequests",
        "does not know AuthorizeRemoteTxRequests",
        steps("TC_019 8"),
    ),
    Fault(
        "key-value:AuthorizeRemoteTxRequests=perhaps",
        "tells a boolean that is none",
        steps("TC_010 Charging.2", "TC_011_1 2"),
    ),
    Fault("key-unknown:SupportedFeatureProfiles", "does not know its profiles", steps("TC_019 2")),
    Fault("key-unknown:AllowOfflineTxForUnknownId", "does not know a key that it lists", steps("TC_019 8")),
    Fault("key-ignored:SupportedFeatureProfiles", "leaves its profiles out when asked", steps("TC_019 2")),
    Fault("key-ignored:AllowOfflineTxForUnknownId", "leaves a key out that it lists", steps("TC_019 8")),
    Fault("key-missing:ConnectionTimeOut", "does not list ConnectionTimeOut", steps("TC_019 4")),
    Fault("key-readonly:ConnectionTimeOut", "lists ConnectionTimeOut as read-only", steps("TC_019 4")),
    Fault(
        "key-unknown:MeterValueSampleInterval",
        "does not know MeterValueSampleInterval when asked",
        steps("TC_021 4"),
    ),
    Fault("key-value:MeterValueSampleInterval=12345", "reports a value it was not given", steps("TC_021 4")),
    Fault("reply:ChangeConfiguration@2=Rejected", "rejects every second change", steps("TC_021 2")),
    Fault("any-key-accepted", "accepts unknown keys", steps("TC_040_1 2")),
    Fault("any-value-accepted", "accepts values that make no sense", steps("TC_040_2 2")),
    # answers
    Fault("reply:ChangeConfiguration=Rejected", "rejects every change", steps("TC_002 6")),
    Fault(
        "reply:RemoteStartTransaction=Rejected",
        "rejects remote starts",
        steps("TC_011_1 4", "TC_011_2 4", "TC_024 4"),
    ),
    Fault("reply:RemoteStartTransaction@2=Rejected", "rejects every second remote start", steps("TC_007 4")),
    Fault(
        "reply:RemoteStartTransaction=Accepted",
        "accepts remote starts it cannot do",
        steps("TC_026 2", "TC_027 2"),
    ),
    Fault("reply:RemoteStopTransaction=Rejected", "rejects remote stops", steps("TC_012 2")),
    Fault("reply:RemoteStopTransaction=Accepted", "accepts stops of unknown transactions", steps("TC_028 2")),
    Fault("reply:ClearCache=Rejected", "refuses to clear the cache", steps("TC_061 6")),
    Fault(
        "reply:ChangeAvailability=Rejected",
        "rejects changes of availability",
        steps("TC_013 2", "TC_014 2", "TC_034 2"),
    ),
    Fault(
        "reply:ChangeAvailability@2=Rejected",
        "rejects every second change of availability",
        steps("TC_013 12", "TC_014 12"),
    ),
    Fault(
        "ignore:ChangeAvailability@2",
        "forgets every second change of availability",
        steps("TC_013 13"),
    ),
    Fault("inoperative-forever", "does not become operative again", steps("TC_014 13")),
    Fault(
        "reply:Reset=Rejected",
        "rejects resets",
        steps("TC_013 6", "TC_014 6", "TC_015 2", "TC_016 2"),
    ),
    Fault(
        "reply:UnlockConnector=UnlockFailed",
        "fails to unlock",
        steps("TC_005_2 6", "TC_017_1 2", "TC_017_2 2", "TC_018_1 2", "TC_018_2 2", "TC_031 2"),
    ),
    Fault("reply:UnlockConnector=Unlocked", "claims to have unlocked", steps("TC_030 2")),
    Fault("status-missing:Available", "does not report Available", steps("TC_018_1 7")),
    Fault("set:GetLocalListVersion.listVersion=1", "has a version of a list it lacks", steps("TC_042_1 2")),
    Fault("reply:SendLocalList=Accepted", "accepts a list it cannot keep", steps("TC_043_1 2")),
    Fault(
        "reserve-unsupported=Accepted",
        "accepts reservations it cannot keep",
        steps("TC_048_4 2", "TC_050_4 2"),
    ),
    Fault(
        "hang-after:ReserveNow=1.5", "is dead after ReserveNow", steps("TC_048_4 result", "TC_050_4 result")
    ),
    Fault("callerror:DataTransfer", "answers DataTransfer with CALLERROR", steps("TC_062 2")),
    # triggers
    Fault("trigger-refused:MeterValues", "rejects the trigger", steps("TC_054 2")),
    Fault("trigger-refused:Heartbeat", "rejects the trigger", steps("TC_054 6")),
    Fault("trigger-refused:StatusNotification", "rejects the trigger", steps("TC_054 10")),
    Fault("trigger-refused:DiagnosticsStatusNotification", "rejects the trigger", steps("TC_054 14")),
    Fault("trigger-refused:FirmwareStatusNotification", "rejects the trigger", steps("TC_054 18")),
    Fault("trigger-silent:MeterValues", "accepts the trigger, sends nothing", steps("TC_054 3")),
    Fault("trigger-silent:Heartbeat", "accepts the trigger, sends nothing", steps("TC_054 7")),
    Fault("trigger-silent:StatusNotification", "accepts the trigger, sends nothing", steps("TC_054 11")),
    Fault("trigger-silent:DiagnosticsStatusNotification", "sends nothing", steps("TC_054 15")),
    Fault("trigger-silent:FirmwareStatusNotification", "sends nothing", steps("TC_054 19")),
    Fault("reply:TriggerMessage=Accepted", "accepts triggers for unknown connectors", steps("TC_055 2")),
    Fault("trigger-rejected-yet-sent", "rejects and sends all the same", steps("TC_055 result")),
]

_PROTOCOL = [
    Fault("schema-violation:StatusNotification", "sends a property that the schema does not know"),
    Fault("wrong-type:StartTransaction", "sends a field of the wrong type"),
    Fault("missing-field:StopTransaction", "leaves a required field out"),
    Fault("omit:StartTransaction.idTag", "starts a transaction without idTag"),
    Fault("bad-timestamp:MeterValues", "sends timestamps that are none"),
    Fault("malformed-frame:Heartbeat", "sends broken JSON"),
    Fault("wrong-id:GetConfiguration", "answers with another message id"),
    Fault("callerror:GetConfiguration", "answers with CALLERROR"),
    Fault("no-reply:GetConfiguration", "does not answer"),
    Fault("late-reply:GetConfiguration=60", "answers late"),
    Fault("duplicate-reply:GetConfiguration", "answers twice"),
    Fault("duplicate-message-id", "uses one message id for all requests"),
    Fault("two-outstanding", "does not wait for answers"),
    Fault("meter-backwards", "the register falls"),
    Fault("illegal-status", "reports an impossible transition"),
    Fault("talk-before-accepted", "sends before it is accepted"),
    Fault("boot-on-reconnect", "boots at every reconnection"),
]

register(_FAMILIES, [*_FAULTS, *_PROTOCOL])
