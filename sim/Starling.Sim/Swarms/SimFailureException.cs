using System;

namespace Starling.Sim.Swarms;

/// <summary>A simulated run broke an invariant or did not end.</summary>
internal sealed class SimFailureException(string message) : Exception(message);
