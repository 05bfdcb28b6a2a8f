# make demo    show the main job on a fresh demo database, then serve it (SERVE=0: stop before serving; PORT=8001)
# make test    everything on SQLite and PostgreSQL (ARGS="-k ledger -x" goes to pytest)
# make lint    ruff, mypy, import-linter             make format  ruff's formatter
# make check   Django's checks, policies, migrations
# make dev     run with reload on var/               make lock    make the lock files anew
# make faults  kill and crash everything at every turn, plant faults in the code; both engines
# make bench   the product beside its peers, measured
# make messages  collect texts into the Chinese catalogue and compile it (needs GNU gettext)

PYTHON ?= python3
SERVE ?= 1
PORT ?= 8000
ARGS ?=
export PYTHON
# A shell that forbids to keep compiled modules would have every process of tests and demo compile all of them again.
unexport PYTHONDONTWRITEBYTECODE

python = .venv/bin/python
manage = $(python) manage.py
# The demo has its own database whatever the shell says.
in_demo = env -u GONGDUAN_DATABASE_URL GONGDUAN_HOME=var/demo

.PHONY: demo test faults bench dev lint format check lock messages system-demo system-tests
.NOTPARALLEL:

demo: system-demo .venv/run.stamp
	@$(in_demo) $(manage) load_demo
ifneq ($(SERVE),0)
	@$(in_demo) scripts/serve $(PORT)
endif

test: system-tests .venv/dev.stamp
	@scripts/test $(ARGS)

faults: system-tests .venv/dev.stamp
	@scripts/faults $(ARGS)

bench: system-tests .venv/dev.stamp
	@bench/run.sh product

lint: system-demo .venv/dev.stamp
	$(python) -m ruff check .
	$(python) -m ruff format --check .
	$(python) -m mypy
	.venv/bin/lint-imports

format: system-demo .venv/dev.stamp
	$(python) -m ruff check --fix .
	$(python) -m ruff format .

check: system-demo .venv/run.stamp
	$(manage) check
	$(manage) check_policies
	$(manage) makemigrations --check --dry-run

dev: export GONGDUAN_DEBUG = 1
dev: system-demo .venv/run.stamp
	$(manage) migrate
	$(manage) runserver $(PORT)

# Needs uv (on no lock): it writes hashes for every platform and names no index.
lock:
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		pyproject.toml -o requirements.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--extra postgres --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock

# The compiled catalogue is committed, since a bare machine cannot make it.
messages: system-demo .venv/run.stamp
	$(manage) makemessages -l zh_Hans --no-location --no-obsolete --ignore=.venv --ignore=var --ignore=tests --ignore=bench --ignore=skeleton
	$(manage) compilemessages -l zh_Hans --ignore=.venv --ignore=var --ignore=bench --ignore=skeleton

system-demo:
	@scripts/install-system demo

system-tests:
	@scripts/install-system tests

.venv/run.stamp: requirements.lock
	@scripts/install-python requirements.lock
	@touch $@

# The dev lock holds the run lock's packages too, so the demo need not install again.
.venv/dev.stamp: requirements-dev.lock requirements.lock
	@scripts/install-python requirements-dev.lock
	@touch .venv/run.stamp $@
