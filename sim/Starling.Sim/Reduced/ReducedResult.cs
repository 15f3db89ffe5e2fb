namespace Starling.Sim.Reduced;

/// <summary>What one run of the reduced model measured. Times in seconds.</summary>
/// <param name="Time">From the first start until the last piece had a result.</param>
/// <param name="Greedy">The same of the omniscient schedule.</param>
/// <param name="Needed">Run time of the first result of every piece.</param>
/// <param name="Extra">Run time of everything else: aborted and duplicate runs.</param>
/// <param name="Yields">Runs that gave way to another.</param>
/// <param name="Aborts">Runs that were stopped because a result was there.</param>
/// <param name="Duplicates">Runs that ended with a result that was there already.</param>
internal sealed record ReducedResult(
    double Time, double Greedy, double Needed, double Extra, int Yields, int Aborts, int Duplicates)
{
    /// <summary>Time as a multiple of the omniscient schedule.</summary>
    public double TimeRatio => Time / Greedy;

    /// <summary>Extra work as a part of the needed.</summary>
    public double ExtraRatio => Extra / Needed;
}
