using System;
using System.Buffers.Binary;
using Starling.Runtime.Kernels.Searching;

namespace Starling.Tests.Runtime.Kernels.Searching;

public sealed class BlockHeaderTests
{
    [Theory]
    [InlineData(0x1D00FFFFu, 0u)]
    [InlineData(0x207FFFFFu, 0x7FFFFF00u)]
    [InlineData(0x20004000u, 0x00400000u)]
    [InlineData(0x220000FFu, 0xFF000000u)]
    [InlineData(0x03000001u, 0u)]
    [InlineData(0x01010000u, 0u)]
    [InlineData(0x1C000001u, 0u)]
    public void Bits_name_a_target(uint bits, uint topOfTarget)
    {
        Assert.True(BlockHeader.TryCreate(Header(bits), out BlockHeader? header));
        Assert.Equal(topOfTarget, header.TopOfTarget);
    }

    [Theory]
    [InlineData(0x1D80FFFFu)] // negative
    [InlineData(0x1D000000u)] // zero
    [InlineData(0x01000001u)] // zero: the only digit is behind the point
    [InlineData(0x00FFFFFFu)] // negative
    [InlineData(0x2101FFFFu)] // 257 bits
    [InlineData(0x23000001u)] // 257 bits
    [InlineData(0xFF000001u)] // far above
    public void Bits_without_a_target_are_refused(uint bits) => Assert.False(BlockHeader.TryCreate(Header(bits), out _));

    private static byte[] Header(uint bits)
    {
        byte[] bytes = new byte[BlockHeader.Size];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(72), bits);
        return bytes;
    }
}
