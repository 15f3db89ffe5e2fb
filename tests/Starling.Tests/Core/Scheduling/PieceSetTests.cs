using System.Collections.Generic;
using System.Linq;
using Starling.Core.Primitives;
using Starling.Core.Scheduling;

namespace Starling.Tests.Core.Scheduling;

public sealed class PieceSetTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(1000)]
    public void BehavesLikeASortedSet(int capacity)
    {
        var random = new DeterministicRandom(7);
        var set = new PieceSet(capacity, full: true);
        var model = new SortedSet<int>(Enumerable.Range(0, capacity));
        for (int step = 0; step < 500 && capacity > 0; step++)
        {
            int piece = random.Next(capacity);
            bool removes = random.Next(3) > 0;
            Assert.Equal(removes ? model.Remove(piece) : model.Add(piece), removes ? set.Remove(piece) : set.Add(piece));
            int asked = random.Next(capacity);
            Assert.Equal(model.Contains(asked), set.Contains(asked));
            Assert.Equal(model.Count(p => p < asked), set.CountBelow(asked));
            Assert.Equal(model.Where(p => p >= asked).DefaultIfEmpty(-1).First(), set.Next(asked));
        }

        Assert.Equal(model.Count, set.Count);
        Assert.Equal(model.Count, set.CountBelow(capacity));
        Assert.Equal(model, Enumerable.Range(0, set.Count).Select(set.Select));
        Assert.Equal(-1, set.Next(capacity));
    }
}
