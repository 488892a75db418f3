"""The event loop of the clinic, and its servers, against SimPy's own."""

import pytest
import simpy

from simulate.clinic.flow.engine import Engine, Servers


def samples(env, take, free, arrivals, work):
    """Run samples through servers; return when each began and ended."""
    seen = []

    def sample(number, arrives, lasts):
        yield env.timeout(arrives)
        turn = yield from take()
        begun = env.now
        yield env.timeout(lasts)
        free(turn)
        seen.append((number, begun, env.now))

    for number, pair in enumerate(zip(arrivals, work, strict=True)):
        env.process(sample(number, *pair))
    return seen


ARRIVALS, WORK = [0, 0, 0, 1, 1, 2, 5, 5, 9], [3, 1, 2, 2, 0.5, 1, 1, 4, 2]


@pytest.mark.parametrize("capacity", [1, 2, 3])
def test_servers_serve_as_a_simpy_resource(capacity):
    env = simpy.Environment()
    resource = simpy.Resource(env, capacity)

    def requested():
        turn = resource.request()
        yield turn
        return turn

    expected = samples(env, requested, resource.release, ARRIVALS, WORK)
    env.run()

    ours = Engine()
    servers = Servers(ours, capacity)

    def acquired():
        turn = servers.request()
        if turn is not None:
            yield turn

    found = samples(ours, acquired, lambda turn: servers.release(), ARRIVALS, WORK)
    while ours.process_events(2):
        pass
    assert found == expected
    assert len(found) == len(ARRIVALS)


def test_events_are_processed_up_to_the_number_asked_for():
    env = Engine()
    fired = []
    for day in (3, 1, 2):
        env.timeout(day).callbacks.append(lambda event: fired.append(env.now))
    assert env.process_events(2)
    assert fired == [1, 2]
    assert not env.process_events(2)
    assert fired == [1, 2, 3]


def test_an_error_in_a_process_ends_the_run_with_that_error():
    env = Engine()

    def failing():
        yield env.timeout(1)
        raise ValueError("told as it was raised")

    env.process(failing())
    with pytest.raises(ValueError, match="told as it was raised"):
        env.process_events(10)
