# Needs Python 3.11 or later and nothing else; everything is installed into .venv.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: install demo test proof proof-part matrix c6 clicks seconds inventory blast-radius bench soak kills picture docs site lint hands sample legal stability audit audit-sample effort orders fuzz fragile

install: .venv/.done

.venv/.done: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $@

demo: install
	$(BIN)/octt run

test: install lint
	$(BIN)/pytest -n 4

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

matrix: install
	$(BIN)/python -m tests.campaign --write testcases/matrix.md

# People at the terminal: every behaviour with every case. About an hour.
hands: install
	$(BIN)/python -m tests.hands --write testcases/hands.md

# The whole Core profile driven by clicks in a browser. Some minutes; needs chromium.
clicks: install
	$(BIN)/python -m tests.console

# The certified stations, as slow as they were measured: every applicable case. About half an hour.
c6: install
	$(BIN)/python -m tests.certified_stations --write testcases/certified-stations.md

# Legal stations drawn at random: nothing may fail. About half an hour.
legal: install
	$(BIN)/python -m tests.legal --stations 500 --seed 1 --write testcases/legal-stations.md

# Whole runs of the standard station, also on a busy and on a narrow machine: one verdict a case. About half an hour.
stability: install
	$(BIN)/python -m tests.legal.stability --write testcases/stability.md

# What each case takes on the simulated station: what --quick and --budget choose by. Three minutes.
seconds: install
	$(BIN)/python -m tests.seconds --write testcases/seconds.toml

inventory: install
	$(BIN)/python -m tests.inventory --write testcases/inventory.md

# Everything that can be wrong, one at a time, for a whole run of all cases. About an hour and a half.
blast-radius: install
	$(BIN)/python -m tests.blast_radius --write testcases/blast-radius.md

# What each case takes, and which hands: what `octt list --bench` reads. Some minutes.
effort: install
	$(BIN)/python -m tests.effort --write testcases/effort.toml

# Whole runs in several orders: one verdict a case. A quarter of an hour.
orders: install
	$(BIN)/python -m tests.orders --write testcases/orders.md

# An hour of a chatty station, compressed.
soak: install
	$(BIN)/python -m benchmarks soak

# Killed at two hundred random points: nothing lost.
kills: install
	$(BIN)/python -m benchmarks kills

# Every frame of every case altered in every way, one at a time. Two hours on two processors, mostly waiting.
audit: install
	$(BIN)/octt audit -n 4

# A part of it that differs with every commit: some minutes.
SAMPLE ?= 60
SEED ?= $(shell git rev-parse HEAD)
audit-sample: install
	$(BIN)/octt audit -n 2 --sample $(SAMPLE) --seed "$(SEED)"

# Ten thousand hostile and unusual stories: the simulated station survives them. A few minutes.
fuzz: install
	$(BIN)/octt fuzz --examples 10000

# Every fault that only fuzzing finds: sought, made small, counted. Some minutes.
fragile: install
	$(BIN)/python -m tests.fragile --write testcases/fuzz.md

bench: install
	$(BIN)/python -m benchmarks

# The documentation as a site, in site/.
site: install
	$(BIN)/mkdocs build --quiet --strict

picture: install
	$(BIN)/python docs/picture.py

# The sample report and its picture, by a whole run. A few minutes; needs chromium.
sample: install
	$(BIN)/python docs/sample.py

# The pages that are made from the code.
docs: install
	$(BIN)/python -m octt.record.document docs/record.md
	$(BIN)/python -m octt.station.contract octt/station/driver-contract.json

# All proofs, whole. Many hours.
proof: test matrix inventory effort hands clicks legal orders stability c6 blast-radius audit kills soak fuzz fragile

# What continuous integration has time for besides the tests: every fault, the legal stations that failed once and others
# for each commit, somebody who does right, a thousand hostile stories.
proof-part: install
	$(BIN)/python -m tests.campaign
	$(BIN)/python -m tests.legal --stations 60 --seconds 240 --seed "$$(printf %d 0x$$(git rev-parse --short=8 HEAD))"
	$(BIN)/python -m tests.hands --only "Enter where it is asked for"
	$(BIN)/octt fuzz --examples 1000
