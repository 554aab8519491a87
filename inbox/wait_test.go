package inbox_test

import "sotto.chat/internal/testkit"

func waitFor(s *shop, conversation string, messages int) {
	s.t.Helper()
	testkit.Eventually(s.t, "the messages of the conversation", func() bool { return len(s.messages(conversation)) >= messages })
}
