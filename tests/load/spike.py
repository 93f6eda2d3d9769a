"""A tenth of the people, then all of them at once, then a tenth again: nothing fails, some may be shed."""

from locust import LoadTestShape

from tests.load.people import Asker, Streamer

__all__ = ["Asker", "Spike", "Streamer"]


class Spike(LoadTestShape):
    """`--users` at the top, `--run-time` in all."""

    use_common_options = True

    def tick(self) -> tuple[int, float] | None:
        options = self.runner.environment.parsed_options  # type: ignore[union-attr]
        passed, most = self.get_run_time() / options.run_time, options.num_users
        if passed >= 1:
            return None
        return (most, most / 2) if 0.3 < passed < 0.6 else (max(most // 10, 1), most)
