package store

// NetworkMagic names a network file system by its magic number.
var NetworkMagic = networkMagic
