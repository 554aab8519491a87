package catalog

// NewProduct is a product as a merchant writes it. Stock counts for a product without Variants.
type NewProduct struct {
	SKU         string
	Name        string
	Description string
	Brand       string
	Category    string // a category's code or id
	Price       int64
	Currency    string // empty = the currency of the catalog
	Synonyms    []string
	Attributes  map[string]string
	Images      []Image
	Unavailable bool
	Position    int64
	Stock       *int64 // nil = not counted
	Variants    []NewVariant
	Groups      []NewGroup
}

// Count is a stock that is to be set; a nil OnHand is not counted.
type Count struct{ OnHand *int64 }

// NewVariant is a variant as a merchant writes it. A nil Stock keeps the count that the sku has.
type NewVariant struct {
	SKU        string
	Attributes map[string]string
	Price      *int64
	Stock      *Count
}

// NewGroup is an option group as a merchant writes it. Code may be the id of a group that the product
// has; where it is empty it is made from the name.
type NewGroup struct {
	Code    string
	Name    string
	Min     int64
	Max     *int64
	Amounts bool
	Choices []NewChoice
}

// NewChoice is a choice as a merchant writes it; its Code follows the same rule as a group's.
type NewChoice struct {
	Code        string
	Name        string
	Price       int64
	Synonyms    []string
	Preset      bool
	Unavailable bool
}

// Edit changes the parts of a product that are not nil. Nested lists are replaced as a whole; what keeps
// its sku or code keeps its id.
type Edit struct {
	SKU         *string
	Name        *string
	Description *string
	Brand       *string
	Category    *string
	Price       *int64
	Currency    *string
	Synonyms    *[]string
	Attributes  *map[string]string
	Images      *[]Image
	Available   *bool
	Position    *int64
	Stock       *Count
	Variants    *[]NewVariant
	Groups      *[]NewGroup
}

// Page asks for at most Limit rows (1 to 200, else 50) that follow the row with the id After.
type Page struct {
	After string
	Limit int
}

// Filter narrows a list of products; empty fields do not.
type Filter struct {
	Category  string // a category's code or id
	Brand     string
	SKU       string
	Available *bool
	Archived  bool // the archived ones instead of the live ones
}
