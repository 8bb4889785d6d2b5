"""A conformant station with two connectors, as unlucky and as free in its choices as the specification allows.

It shares nothing with the rules: it keeps its own books of transactions, reservations and keys, and sends what follows.
"""

from collections import deque

from monitor_wire import Wire

from octt import ocpp

GROUPS = {"TAG": "family", "OTHER": "family", "LONER": None, "STRANGER": "strangers"}
"""Cards and their parents, as the Central System knows them."""


class Station:
    def __init__(self, luck):
        self.luck = luck
        self.fates = luck.choice(
            [
                ["answered"],
                ["answered"] * 6 + ["slow", "refused", "silence", "lost"],
                ["answered", "refused", "silence"],
            ]
        )
        self.driver = luck.choice(["simulated", "http", "manual"])
        self.wire = Wire()
        self.queue = deque()
        self.meters = {1: 1000, 2: 0}
        self.running, self.reserved = {}, {}
        self.keys = {"MeterValueSampleInterval": 60, "LocalPreAuthorize": False, "ConnectionTimeOut": 30}
        self.clock_error = 0
        self.offline = False
        self.next_id = 1000
        self.wire.boot()
        self.wire.wait(1)

    def chance(self, percent):
        return self.luck.randint(1, 100) <= percent

    def time(self):
        return self.wire.time(ago=self.clock_error)

    def info(self, tag):
        parent = GROUPS[tag]
        return {"idTagInfo": {"status": "Accepted"} | ({"parentIdTag": parent} if parent else {})}

    # cards and transactions

    def free(self, tag=None):
        """The connectors without a transaction, and without a reservation for anybody else than `tag`."""
        others = [connector for connector, (_, owner) in self.reserved.items() if owner != tag]
        return [
            connector for connector in (1, 2) if connector not in self.running and connector not in others
        ]

    def present(self, connector, tag):
        """A card at the reader, by the rig or by a person; where persons are, somebody may come unasked."""
        if self.driver != "manual" or self.chance(80):
            self.wire.act("present_id_tag", driver=self.driver, connector=connector, id_tag=tag)
        if not self.offline and self.chance(50):
            # it may be on a list, or in a cache
            self.wire.call("Authorize", idTag=tag, result=self.info(tag))

    def swipe(self):
        tag = self.luck.choice(sorted(GROUPS))
        for connector in self.free(tag)[:1]:
            self.present(connector, tag)
            self.start(connector, tag)

    def start(self, connector, tag):
        if connector in self.running:
            return
        transaction = {"connector": connector, "id": None, "tag": tag}
        self.running[connector] = transaction
        payload = {"connectorId": connector, "idTag": tag, "meterStart": self.meters[connector]}
        ident, owner = self.reserved.pop(connector, (None, ""))
        if ident is not None and owner == tag:
            payload["reservationId"] = ident
        self.put(transaction, "StartTransaction", payload | {"timestamp": self.time()})
        self.status("Charging", connector)

    def charge(self):
        for connector, transaction in self.running.items():
            self.meters[connector] += self.luck.randint(0, 50)
            sample = {"value": str(self.meters[connector]), "context": "Sample.Periodic"}
            begin = {"value": "0", "context": "Transaction.Begin"}
            samples = self.luck.choice([[sample], [begin, sample], [sample, begin]])
            values = [{"timestamp": self.time(), "sampledValue": samples}]
            self.put(transaction, "MeterValues", {"connectorId": connector, "meterValue": values})

    def stop(self, reason=None, tag=None, connector=None):
        if self.running:
            connector = connector or self.luck.choice(sorted(self.running))
            transaction = self.running.pop(connector)
            self.meters[connector] += self.luck.randint(0, 50)
            payload = {"meterStop": self.meters[connector], "timestamp": self.time()}
            payload |= {"reason": reason} if reason else {}
            payload |= {"idTag": tag} if tag else {}
            self.put(transaction, "StopTransaction", payload)
            self.status("Finishing", connector)
            self.status("Available", connector)

    def stop_with_card(self):
        for connector, transaction in list(self.running.items())[:1]:
            tags = [transaction["tag"]]
            tags += [tag for tag in GROUPS if GROUPS[tag] and GROUPS[tag] == GROUPS[transaction["tag"]]]
            tag = self.luck.choice(tags)
            self.present(connector, tag)
            self.stop(self.luck.choice([None, "Local"]), tag, connector)

    def stop_otherwise(self):
        for connector in list(self.running)[:1]:
            way = self.luck.choice(["press_stop", "unplug_ev", "fault", None])
            if way:
                self.wire.act(way, driver=self.driver, connector=connector)
            reason = {"press_stop": "Local", "unplug_ev": "EVDisconnected", "fault": "Other"}.get(
                way, "Other"
            )
            self.stop(reason, None, connector)

    # what the Central System asks for

    def be_started_remotely(self):
        if self.offline:
            return
        connector, tag = self.luck.choice([1, 2]), self.luck.choice(sorted(GROUPS))
        ident = self.wire.ask("RemoteStartTransaction", idTag=tag, connectorId=connector)
        willing = connector in self.free(tag) and self.chance(70)
        if self.chance(5):
            self.wire.raw(ocpp.error(ident, "InternalError"))
        else:
            self.wire.reply(ident, {"status": "Accepted" if willing else "Rejected"})
        if willing:
            if self.chance(50):
                self.wire.call("Authorize", idTag=tag, result=self.info(tag))
            self.start(connector, tag)
        elif connector in self.free(tag) and self.chance(50):
            # refused, and then somebody comes with the very card
            self.wire.act("present_id_tag", driver=self.driver, connector=connector, id_tag=tag)
            self.start(connector, tag)

    def be_stopped_remotely(self):
        if self.offline:
            return
        known = [transaction for transaction in self.running.values() if transaction["id"] is not None]
        transaction = self.luck.choice([*known, None])
        ident = self.wire.ask(
            "RemoteStopTransaction", transactionId=transaction["id"] if transaction else 4711
        )
        willing = transaction is not None and self.chance(80)
        self.wire.reply(ident, {"status": "Accepted" if willing else "Rejected"})
        if willing:
            self.stop("Remote", None, transaction["connector"])

    def be_reserved(self):
        if self.offline:
            return
        connector, tag = self.luck.choice([1, 2]), self.luck.choice(sorted(GROUPS))
        number = self.luck.randint(1, 5)
        ident = self.wire.ask(
            "ReserveNow",
            connectorId=connector,
            idTag=tag,
            reservationId=number,
            expiryDate=self.wire.time(ago=-3600),
        )
        free = connector in self.free()
        taken = any(number == other for other, _ in self.reserved.values())
        if free and not taken and self.chance(80):
            self.wire.reply(ident, {"status": "Accepted"})
            self.reserved[connector] = (number, tag)
            self.status("Reserved", connector)
        else:
            self.wire.reply(ident, {"status": "Occupied" if not free else "Rejected"})

    def be_cancelled(self):
        if self.offline:
            return
        number = self.luck.randint(1, 5)
        ident = self.wire.ask("CancelReservation", reservationId=number)
        found = [connector for connector, (other, _) in self.reserved.items() if other == number]
        self.wire.reply(ident, {"status": "Accepted" if found else "Rejected"})
        for connector in found:
            del self.reserved[connector]
            self.status("Available", connector)

    def be_configured(self):
        if self.offline:
            return
        key = self.luck.choice(sorted(self.keys))
        value = self.luck.choice([True, False]) if key == "LocalPreAuthorize" else self.luck.randint(0, 90)
        shown = str(value).lower() if self.chance(50) else str(value)
        ident = self.wire.ask("ChangeConfiguration", key=key, value=shown)
        status = self.luck.choice(["Accepted", "Rejected", "RebootRequired", "NotSupported"])
        self.wire.reply(ident, {"status": status})
        if status == "Accepted":
            self.keys[key] = value
        for _ in range(self.luck.randint(0, 2)):
            entries = [{"key": k, "readonly": False, "value": str(v)} for k, v in self.keys.items()]
            self.wire.reply(self.wire.ask("GetConfiguration"), {"configurationKey": entries})

    def be_asked(self):
        if not self.offline:
            action = self.luck.choice(["ClearCache", "Reset", "GetLocalListVersion"])
            kind = self.luck.choice(["Hard", "Soft"])
            ident = self.wire.ask(action, **({"type": kind} if action == "Reset" else {}))
            self.wire.wait(self.luck.randint(0, 60))
            if action == "ClearCache" and self.chance(50):
                self.wire.raw(ocpp.error(ident, "InternalError"))
            else:
                version = action == "GetLocalListVersion"
                self.wire.reply(ident, {"listVersion": 0} if version else {"status": "Accepted"})
            if action == "Reset" and self.chance(80):
                if self.chance(30):
                    # the network fails before it gets round to it, and what is stopped is told first
                    self.lose_connection()
                    self.come_back(boot=False)
                    self.stop()
                self.lose_power(known=False)

    def be_triggered(self):
        for connector, transaction in self.running.items():
            if not self.offline and transaction["id"] is not None:
                ident = self.wire.ask("TriggerMessage", requestedMessage="MeterValues")
                self.wire.reply(ident, {"status": "Accepted"})
                sample = {"value": str(self.meters[connector]), "context": "Trigger"}
                values = [{"timestamp": self.time(), "sampledValue": [sample]}]
                self.wire.call(
                    "MeterValues",
                    connectorId=connector,
                    transactionId=transaction["id"],
                    meterValue=values,
                )

    # connection, power and clock

    def lose_connection(self):
        if not self.offline:
            self.wire.disconnect()
            self.offline = True

    def come_back(self, boot=None):
        if self.offline:
            self.wire.connect()
            self.offline = False
            if self.chance(50) if boot is None else boot:
                self.boot()
            self.be_triggered()

    def boot(self):
        for status in self.luck.choice([[], ["Pending"], ["Rejected"], ["Pending", "Rejected"]]):
            self.wire.boot(status, 30)
            self.wire.wait(31)
        self.wire.boot()
        self.clock_error = 0
        self.wire.wait(1)

    def lose_power(self, known=None):
        name = "power_cycle" if (self.chance(50) if known is None else known) else None
        if name:
            self.wire.act(name, driver=self.driver, end=None)
        self.lose_connection()
        if self.chance(30):
            # a hard reset may lose what was queued
            self.queue.clear()
            self.running.clear()
        if self.chance(50):
            self.reserved.clear()
        self.wire.wait(20)
        early = self.chance(50)
        if name and not early:
            self.done(name)
        self.wire.connect()
        self.offline = False
        self.boot()
        if name and early:
            self.done(name)

    def done(self, name):
        self.wire.event(
            "action", action=name, params={}, driver=self.driver, phase="done", who=self.driver, seconds=20
        )

    def live_through_a_power_cut(self):
        """With back-up power: it stays on, though its network may go."""
        self.wire.act("power_cycle", driver=self.driver, seconds=self.luck.choice([1, 20]))
        self.wire.wait(10)
        if self.chance(50) and not self.offline:
            self.status("Available", 0)
        if self.chance(50):
            self.lose_connection()
            self.wire.wait(10)
            self.come_back(boot=False)

    def set_clock(self):
        # it goes wrong by itself, and right when it is told the time
        self.clock_error = self.clock_error or self.luck.randint(-5000, 5000)

    def chat(self):
        if not self.offline:
            self.wire.call("Heartbeat", result={"currentTime": self.wire.time()})
            self.wire.call("SecurityEventNotification", type="SettingSystemTime", timestamp=self.time())
            self.status(self.luck.choice(["Available", "Unavailable", "Faulted"]), 0)

    def status(self, status, connector):
        if not self.offline:
            more = {"timestamp": self.time()} if self.chance(70) else {}
            self.wire.status(
                status, connector, error="NoError" if status != "Faulted" else "OtherError", **more
            )

    # the queue of transaction messages

    def put(self, transaction, action, payload):
        self.queue.append((transaction, action, payload))
        self.deliver()

    def deliver(self):
        while self.queue and not self.offline:
            transaction, action, payload = self.queue[0]
            if action != "StartTransaction":
                given = transaction["id"] if transaction["id"] is not None else -1
                payload = payload | {"transactionId": given}
            if not self.attempt(transaction, action, payload):
                return
            self.queue.popleft()

    def attempt(self, transaction, action, payload):
        """Sends one message until it is answered or given up; False when the connection was lost meanwhile."""
        ident = None
        for pause in (10, 20, 30):
            fate = self.luck.choice(self.fates)
            ident = self.wire.send(action, ident=ident if self.chance(50) else None, **payload)
            if fate == "answered":
                self.wire.wait(0.01)
                self.accept(transaction, action, ident, heard=True)
                return True
            if fate == "slow":
                self.wire.wait(20)
                # it may have stopped listening by now
                heard = self.chance(50)
                self.accept(transaction, action, ident, heard)
                if heard:
                    return True
            elif fate == "refused":
                self.wire.refuse(ident)
            elif fate == "lost":
                if self.chance(50):
                    self.accept(transaction, action, ident, heard=False)
                self.lose_connection()
                return False
            self.wire.wait(pause)
        return True

    def accept(self, transaction, action, ident, heard):
        if action != "StartTransaction":
            self.wire.answer(ident, {})
            return
        self.next_id += 1
        if heard:
            transaction["id"] = self.next_id
        self.wire.answer(ident, {"transactionId": self.next_id} | self.info(transaction["tag"]))


MOVES = [
    Station.swipe,
    Station.swipe,
    Station.charge,
    Station.stop_with_card,
    Station.stop_otherwise,
    Station.be_started_remotely,
    Station.be_stopped_remotely,
    Station.be_reserved,
    Station.be_cancelled,
    Station.be_configured,
    Station.be_asked,
    Station.be_triggered,
    Station.lose_connection,
    Station.come_back,
    Station.lose_power,
    Station.live_through_a_power_cut,
    Station.set_clock,
    Station.chat,
]
