/// Files that stay open while their bytes are in use.
package dev.excitor.loaders.file;
