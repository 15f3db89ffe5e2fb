using Starling.Core.Pieces;
using Starling.Core.Primitives;

namespace Starling.Sim.Swarms;

/// <summary>A worker that keeps to every rule, except that some of its results are wrong: alone with each, or all liars with the same.</summary>
internal sealed class LyingHost(SimWorld world, int number, ulong seed) : SimHost(world, number, new SimHostTraits(1), seed)
{
    private int _given;

    public override bool IsHonest => false;

    protected override byte[] OutputOf(int piece, out ResultId result)
    {
        SimOptions options = World.Options;
        if (_given++ < options.LieAfter || Random.NextDouble() >= options.LieRate)
        {
            return base.OutputOf(piece, out result);
        }

        var wrong = new byte[World.RightContent(piece).Length + 1];
        new DeterministicRandom((ulong)piece ^ (options.Collude ? 0xBAD : Random.NextUInt64())).Fill(wrong);
        wrong = wrong[..^(wrong.Length > 1 ? 1 : 0)];
        result = MerkleTree.ResultOf(wrong);
        return wrong;
    }
}
