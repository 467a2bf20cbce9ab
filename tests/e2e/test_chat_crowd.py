#!/usr/bin/env python3
"""A chat with more followers than users: what `scripts/bench-followers` measures, counted."""
import json

import programs
from harness import E2eTest, main, takes


class ChatCrowd(E2eTest):
    def follow(self, cluster, *flags):
        """Runs a crowd to its end; gives what it counted."""
        ended = self.run_program("follow_by_thousands", "-servers", cluster.servers, "-users", "4", *flags,
                                 deadline=5 * programs.DEADLINE)
        self.ended(ended, 0)  # it may have had to ask again, where a node did not know yet who had joined
        return json.loads(ended.out.splitlines()[-1])

    @takes(12)
    def test_each_is_told(self):
        """300 followers of a chat are told of each message once, over a connection each and over few"""
        cluster = self.cluster().up()
        for connections in ("300", "7"):
            found = self.follow(cluster, "-feeds", "300", "-connections", connections, "-messages", "40", "-interval", "50ms")
            self.assertEqual((found["acknowledged"], found["delivered"]), (40, 40 * 300), found)
            self.assertEqual((found["missing"], found["repeated"], found["malformed"]), (0, 0, 0), found)
        cluster.await_agreement()


if __name__ == "__main__":
    main()
