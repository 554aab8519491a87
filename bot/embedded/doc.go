// Package embedded reads a customer's message without a model: the merchant's catalog is its lexicon, a table per
// language its grammar.
package embedded
