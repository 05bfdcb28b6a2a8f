"""Replays logs on the law with pm4py: `python replay.py < {"laws": {type: edges}, "logs": {name: [file, types]}}`.

A law is a net with a place for each state and a transition for each edge; a case may rest anywhere. Alignments know
the events by their action alone, token replay by action and states, since it takes the first of several transitions of
one name. Prints {name: {type: {"cases", "events", "replay", "alignment"}}}. In a process of its own, since pm4py warns
of much."""

import json
import sys
from typing import Any

import pm4py
from pm4py.objects.petri_net.obj import Marking, PetriNet
from pm4py.objects.petri_net.utils.petri_utils import add_arc_from_to

BEFORE, RESTS = "before", "rests"


def net_of(edges: list[list[str]], *, stated: bool) -> tuple[PetriNet, Marking, Marking]:
    """`edges`: [source, target, action]; the source of an opening is empty. `stated`: named with their states."""
    net, places = PetriNet("law"), {}
    states = {state for source, target, _action in edges for state in (source, target)} - {""}
    for name in sorted({BEFORE, RESTS} | states):
        places[name] = PetriNet.Place(name)
        net.places.add(places[name])
    moves = [(s or BEFORE, t, f"{action}: {s}>{t}" if stated else action) for s, t, action in edges]
    moves += [(state, RESTS, None) for state in sorted(places.keys() - {BEFORE, RESTS})]
    for number, (source, target, activity) in enumerate(moves):
        transition = PetriNet.Transition(f"t{number}", activity)
        net.transitions.add(transition)
        add_arc_from_to(places[source], transition, net)
        add_arc_from_to(transition, places[target], net)
    return net, Marking({places[BEFORE]: 1}), Marking({places[RESTS]: 1})


def tables(file: str, types: list[str]) -> dict[str, Any]:
    """The events of each type as pm4py reads them."""
    if file.endswith(".xes"):
        log = pm4py.read_xes(file)
        return {label: log[log["case:type"] == label] for label in types}
    ocel = pm4py.read_ocel2_json(file)
    return {label: pm4py.ocel_flattening(ocel, label) for label in types}


def fitness(log: Any, edges: list[list[str]]) -> dict[str, Any]:
    aligned = pm4py.fitness_alignments(log, *net_of(edges, stated=False))["averageFitness"]
    named = log.copy()
    named["concept:name"] = log["concept:name"] + ": " + log["from"].fillna("") + ">" + log["to"]
    replayed = pm4py.fitness_token_based_replay(named, *net_of(edges, stated=True))["log_fitness"]
    cases = int(log["case:concept:name"].nunique())
    return {"cases": cases, "events": len(log), "alignment": aligned, "replay": replayed}


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    answer = {
        name: {label: fitness(log, asked["laws"][label]) for label, log in tables(file, types).items()}
        for name, (file, types) in asked["logs"].items()
    }
    print("\n" + json.dumps(answer))
