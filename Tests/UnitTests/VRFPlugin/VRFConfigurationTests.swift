import Testing

@testable import VRFPlugin

struct VRFConfigurationTests {
    @Test(
        arguments: [
            ([], 1), ([1, 2, 3, 5], 4), ([1, 2, 5], 3), (Array(1...999), 1000), (Array(1...252), 256),
        ] as [([UInt32], UInt32)])
    func takesTheLowestTableThatIsFree(taken: [UInt32], table: UInt32) {
        #expect(VRFConfiguration.firstFreeTable(besides: Set(taken)) == table)
    }
}
