package payments

// What tests do in place of the queue.
var (
	FinishRefund  = (*Payments).finishRefund
	CloseSessions = (*Payments).closeSessions
	Book          = (*Payments).book
)
