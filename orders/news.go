package orders

// Changed is the news that something happened to an order which its customer or its merchant should hear of.
// From and To are statuses; they are equal when the order stands but its money needs words (Reason says which).
// Fact names the happening for good: whoever speaks about it says it once per Fact.
type Changed struct {
	Merchant string `json:"merchant"`
	Order    string `json:"order"`
	From     Status `json:"from"`
	To       Status `json:"to"`
	Fact     string `json:"fact"`
	Reason   string `json:"reason,omitempty"`
}

// NewsKind names the news in the job table.
func (Changed) NewsKind() string { return "orders.changed" }

// due is the appointment at which an unpaid order expires.
type due struct {
	Merchant string `json:"merchant"`
	Order    string `json:"order"`
}

// NewsKind names the news in the job table.
func (due) NewsKind() string { return "orders.due" }
