namespace Starling.Core.Scheduling;

/// <summary>What is known of one slot of a worker when shares are computed. Times in seconds of the scheduler's clock.</summary>
/// <param name="Since">When its current run began, or, if that is not known, when it last gave a sign of having begun one.</param>
/// <param name="RunSeconds">How long one run takes it; positive.</param>
/// <param name="ClaimKnown">Whether its current run is a live claim that I know, so that its piece is not among my free ones.</param>
/// <param name="IsIdle">It said that it runs nothing: it will not get through its share by itself.</param>
/// <param name="IsSeeking">It stopped a run a moment ago and looks for another like me.</param>
public readonly record struct SlotPace(double Since, double RunSeconds, bool ClaimKnown, bool IsIdle = false, bool IsSeeking = false);
