"""A circuit breaker: a model that keeps failing is left alone for a while, and then tried by one request."""

from __future__ import annotations

from collections.abc import Callable

from moments_ray.errors import ModelUnavailable


class Breaker:
    """Counts a model's failures in a row; ``clock`` gives seconds that only grow."""

    def __init__(self, name: str, failures: int, seconds: float, clock: Callable[[], float]) -> None:
        self._name = name
        self._most = failures
        self._seconds = seconds
        self._clock = clock
        self._failures = 0
        self._shut_until = 0.0

    def check(self) -> None:
        """Let a request through, or not.

        Raises:
            ModelUnavailable: the model is left alone just now.
        """
        if self._failures < self._most:
            return
        left = self._shut_until - self._clock()
        if left > 0:
            raise ModelUnavailable(
                f"{self._name} failed {self._failures} times in a row and is left alone for {left:.0f} s more."
            )
        self._shut_until = self._clock() + self._seconds  # this request finds out; the others wait for its news

    def succeeded(self) -> None:
        """Note that the model answered, whatever it said."""
        self._failures = 0

    def failed(self) -> None:
        """Note that it did not."""
        self._failures += 1
        if self._failures >= self._most:
            self._shut_until = self._clock() + self._seconds
