using System;
using Starling.Core.Primitives;

namespace Starling.Core.Scheduling;

/// <summary>A claim of another worker that counts at this moment.</summary>
/// <param name="Worker">Who runs the piece.</param>
/// <param name="Piece">Index of the piece.</param>
/// <param name="StartedAt">When the run began, on my clock: never later than when I first heard of it.</param>
/// <param name="Expected">How long the worker expects the whole run to take; zero: not known.</param>
/// <param name="IsProven">Whether the worker has delivered a believable result of an earlier claim.</param>
public readonly record struct LiveClaim(PublicKey Worker, int Piece, Instant StartedAt, TimeSpan Expected, bool IsProven = false);
