package inbox

import "sotto.chat/channels"

// What a message holds, by the names of this room: whoever speaks in a conversation need not know the platforms.
type (
	Content    = channels.Content
	Button     = channels.Button
	Link       = channels.Link
	Card       = channels.Card
	Media      = channels.Media
	OrderItem  = channels.OrderItem
	PayRequest = channels.PayRequest
	Incoming   = channels.Incoming
)
