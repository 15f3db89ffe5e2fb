namespace Starling.Sim.Adversaries;

/// <summary>Keeps to every rule, except that some of its results are wrong: alone with each, or the same as those of all who collude.</summary>
/// <param name="rate">Share of its results that are wrong.</param>
/// <param name="after">Right results before the first wrong one.</param>
/// <param name="collude">Whether all give the same wrong result of a piece.</param>
internal sealed class WrongResults(double rate, int after, bool collude) : Behaviour
{
    private const ulong AgreedSalt = 0xBAD;

    private int _given;

    public override byte[]? OutputOf(int piece) =>
        _given++ < after || Host.Random.NextDouble() >= rate ? null
        : WrongContent(piece, collude ? AgreedSalt : Host.Random.NextUInt64());
}
