/// The ways back through the operations of a decoder: each takes the gradient of the loss with respect to an output and
/// makes those with respect to the inputs.
///
/// Everything is native, little-endian f32, row-major without gaps, as in [dev.excitor.runtime.ops]. Every operation is
/// called by all members of a team, each does its share, and the caller puts a barrier where a later step reads what
/// another member wrote. A sum is always taken whole by one member: results do not depend on their number.
package dev.excitor.train.ops;
