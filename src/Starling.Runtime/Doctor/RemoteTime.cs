using System;

namespace Starling.Runtime.Doctor;

/// <summary>What another machine's clock said.</summary>
/// <param name="Source">Which machine.</param>
/// <param name="Ahead">How far it is ahead of this machine's; as exact as the answer was quick, and as a second.</param>
internal readonly record struct RemoteTime(string Source, TimeSpan Ahead);
