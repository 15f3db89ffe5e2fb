namespace Starling.Sim.Adversaries;

/// <summary>Knows every result at once, attests all of them, and never sends any.</summary>
internal sealed class PhantomResults : Withholds
{
    public override double? DurationOf(int piece) => 0.001;
}
