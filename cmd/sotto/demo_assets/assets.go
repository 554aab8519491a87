// Package demo_assets holds the goods and the photos of the demo shop.
package demo_assets

import "embed"

// Catalog is the demo's catalog file; its images name files of Photos.
//
//go:embed catalog.json
var Catalog []byte

// Photos are the pictures of the goods.
//
//go:embed *.png
var Photos embed.FS
