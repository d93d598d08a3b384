package dev.excitor.loaders.pytorch;

/// A file inside a zip archive whose place has been checked.
///
/// @param deflated whether the bytes are compressed; otherwise they lie there as they are
/// @param checksum CRC-32 of the content
/// @param headerAt where its local header begins
/// @param dataAt   where its bytes begin
/// @param stored   how many bytes lie there
/// @param size     how many bytes the content has
record ZipEntry(String name, boolean deflated, int checksum, long headerAt, long dataAt, long stored, long size) {

    long end() {
        return dataAt + stored;
    }
}
