using System;

namespace Starling.Core.Gossip;

/// <summary>One entry of a <see cref="ClaimBatch"/>: the worker runs this piece now.</summary>
/// <param name="Piece">Index of the piece.</param>
/// <param name="Elapsed">How long it has been running when the batch was signed (clocks of peers are not compared).</param>
/// <param name="Expected">How long the worker expects the whole run to take; zero: it does not know yet.</param>
public readonly record struct Claim(int Piece, TimeSpan Elapsed, TimeSpan Expected);
